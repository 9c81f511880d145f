import { z } from 'zod';

export const liveness = z.strictObject({ live: z.literal(true) });

export const readiness = z.strictObject({
  ready: z.boolean(),
  checks: z
    .array(z.strictObject({ name: z.string(), ok: z.boolean() }))
    .optional()
    .meta({
      description:
        'With `?verbose`: what was looked at. `state has room` may fail while `ready` is true: then nothing is issued, and all else goes on.',
    }),
});

/** `?verbose` with any value but "false" or "0" asks for the single checks. */
export const readinessQuery = z.strictObject({
  verbose: z
    .string()
    .optional()
    .transform((text) => text !== undefined && text !== 'false' && text !== '0'),
});
