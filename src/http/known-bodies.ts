import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import type { FaultCode } from '../kernel/fault.js';
import type { Present } from '../kernel/present.js';
import { parseJson, readJsonBytes } from './body.js';
import { parse } from './parse.js';

/** What a byte becomes takes 25 at the most, in nested lists: at the worst some 12 MB are kept. */
const mostKnown = 500;
const longestBytes = 1024;

/**
 * Reads bodies of one schema. What a body says depends on nothing but its bytes, and agents ask for the same thing in the
 * same words many times: one that came before is not parsed and checked again, which was a fifth of what a credential costs
 * the broker. What is returned is frozen, because others get it too; what was refused is not remembered.
 * @throws Fault as readJson and parse
 */
export function knownBodies<Shape extends z.ZodObject>(
  schema: Shape,
  options?: { readonly faultAt: Readonly<Record<string, FaultCode>> },
): (req: IncomingMessage, limitBytes: number) => Promise<Present<z.output<Shape>>> {
  const known = new LRUCache<string, Present<z.output<Shape>>>({ max: mostKnown });
  return async (req, limitBytes) => {
    const body = await readJsonBytes(req, limitBytes);
    if (body.length > longestBytes) return parse(schema, parseJson(body), options);
    // Latin-1 has one character for each byte: no two bodies are the same text.
    const text = body.toString('latin1');
    const before = known.get(text);
    if (before) return before;
    const parsed = frozen(parse(schema, parseJson(body), options));
    known.set(text, parsed);
    return parsed;
  };
}

/** The same value, with all that is in it frozen. No deeper than `parseJson` lets a body be. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
