import { z } from 'zod';
import type { Shape } from './shape.js';
import { durationText } from './text.js';

const parameterRule = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('path'), within: z.string(), default: z.string().optional() }),
    z.strictObject({ type: z.literal('string'), pattern: z.string(), default: z.string().optional() }),
    z.strictObject({
      type: z.literal('enum'),
      values: z.array(z.string()),
      default: z.string().optional(),
    }),
    z.strictObject({
      type: z.literal('set'),
      values: z.array(z.string()),
      default: z.array(z.string()).optional(),
    }),
    z.strictObject({
      type: z.literal('integer'),
      minimum: z.number(),
      maximum: z.number(),
      default: z.number().optional(),
    }),
  ])
  .meta({ description: 'What the parameter may be; without a default it must be given.' });

export const catalogEntry = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    provider: z.string(),
    sensitivity: z.enum(['public', 'internal', 'confidential', 'restricted']),
    environment: z.string(),
    riskTier: z.int().min(0).max(3).meta({ description: '0 is harmless; at 3 a person has to look.' }),
    maximumTtl: durationText,
    defaultTtl: durationText,
    deliver: z.literal('encrypted').optional().meta({
      description: 'Its secret is only handed over encrypted: a request has to have `encryptTo`.',
    }),
    parameters: z.record(z.string(), parameterRule),
  })
  .meta({ description: 'One thing an agent may ask for.' });

export const catalog = z.strictObject({ items: z.array(catalogEntry) });

export type CatalogEntryShape = Shape<typeof catalogEntry>;
