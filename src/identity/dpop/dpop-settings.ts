import { z } from 'zod';
import { duration } from '../../kernel/duration.js';
import { comparableUri } from './http-uri.js';

const upTo = (seconds: number, text: string) =>
  duration.refine((asked) => asked <= seconds, `must be at most "${text}"`);

export const publicUrl = z
  .string()
  .max(2048)
  .refine(
    (url) => comparableUri(url) !== undefined && !/[?#]/.test(url),
    'must be an http or https address without query, such as "https://protem.example.com"',
  );

export const dpopSettings = z
  .strictObject({
    maximumAge: upTo(600, '10m')
      .default(60)
      .describe('How old a proof may be, by its `iat`, where no nonce is asked for. At most 10m.'),
    requireNonce: z
      .boolean()
      .default(false)
      .describe('Every proof must hold a nonce of this broker: none can be made ahead, or by a wrong clock.'),
    nonceLifetime: upTo(3600, '1h')
      .default(300)
      .describe('How long a nonce is handed out; it is taken for as long again. At most 1h.'),
    alsoAt: z
      .array(publicUrl)
      .default([])
      .describe('Other addresses that callers reach this broker at, beside publicUrl.'),
  })
  .prefault({})
  .describe('Proofs of possession of a key (DPoP, RFC 9449).');

export const senderConstraint = z
  .enum(['no', 'proof', 'bound'])
  .default('no')
  .describe(
    'What its tokens are taken with: `proof`, only with a DPoP proof; `bound`, only by the key that the token names in `cnf.jkt`. A token that names a key needs the proof in any case.',
  );
