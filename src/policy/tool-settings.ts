import { z } from 'zod';
import type { Tool } from '../task/chain.js';

const word = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and "-"');

/** What tools are, by name. Policy looks at it, so that no agent's word is taken for it. */
export const toolSettings = z
  .record(
    z.string().min(1).max(128),
    z
      .strictObject({
        kind: word.describe('What it does: read, write, or a word of your own that policies use.'),
        dataClass: word.optional().describe('The class of data that it touches.'),
      })
      .transform(({ kind, dataClass }): Tool => ({ kind, dataClass: dataClass ?? '' })),
  )
  .default({})
  .transform((tools): ReadonlyMap<string, Tool> => new Map(Object.entries(tools)))
  .describe('The tools that agents use: a name each, and what policy is to know of it.');
