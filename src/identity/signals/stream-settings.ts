import { z } from 'zod';
import { keysAt } from '../identity-settings.js';
import { asymmetricAlgorithms } from '../jws.js';
import { isAllowedUrl } from '../key-fetch.js';

const text = (longest: number) => z.string().min(1).max(longest);

/** One transmitter of security events, whose stream is pushed to `/v1/signals/<its name>`. */
const streamSettings = z
  .strictObject({
    issuer: text(2048).describe('The exact `iss` of its security event tokens.'),
    audience: text(2048).describe('The `aud` that they must carry.'),
    keys: z
      .union([keysAt.url, keysAt.file, keysAt.inline])
      .describe('Where its JWK set is: at an address, in a file, or here.'),
    algorithms: z
      .array(z.enum(asymmetricAlgorithms))
      .min(1)
      .default(['ES256', 'RS256'])
      .describe('Signature algorithms that are accepted.'),
    subjectIssuers: z
      .array(text(2048))
      .min(1)
      .optional()
      .describe('Whose subjects it may speak of (`iss` of `sub_id`); its own, when left out.'),
    agentPrefix: z
      .string()
      .max(256)
      .default('')
      .describe('Stands before `sub` of `sub_id` in the id of the agent; nothing for SPIFFE IDs.'),
    allowHttp: z.boolean().default(false).describe('Read the keys over plain http; for tries only.'),
  })
  .superRefine(({ keys, allowHttp }, context) => {
    if ('url' in keys && !isAllowedUrl(keys.url, allowHttp))
      context.addIssue({
        code: 'custom',
        path: ['keys'],
        message: 'must be an https URL (or set allowHttp)',
      });
  });

/** By name of the stream. */
export const signalSettings = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a name such as "idp"'), streamSettings)
  .default({})
  .describe('Transmitters of security event tokens (RFC 8417, pushed as RFC 8935 says) about agents.');

export type StreamSettings = z.output<typeof streamSettings>;
