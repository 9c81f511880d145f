import { z } from 'zod';

export const setTaken = z.strictObject({});

/** RFC 8935 section 2.4. */
export const setRefusal = z.strictObject({
  err: z.enum([
    'invalid_request',
    'invalid_key',
    'invalid_issuer',
    'invalid_audience',
    'authentication_failed',
  ]),
  description: z.string(),
});
