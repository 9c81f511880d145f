import { z } from 'zod';
import { publicJwk } from '../audit/public-keys.js';
import { duration } from '../kernel/duration.js';
import { Secret } from '../kernel/secret.js';

const secret = z.instanceof(Secret);

/** How the audit log is made provable to those who do not trust the store. */
export const auditSettings = z
  .strictObject({
    signingKey: secret
      .optional()
      .describe(
        'Private key that signs checkpoints of the log: Ed25519 or P-256, PKCS#8 PEM or JWK. Without it there are none, and nobody could tell that the end of the log was cut off.',
      ),
    retiredKeys: z
      .array(publicJwk)
      .default([])
      .describe(
        'Public keys, as JWK, that signed before; without them, what they signed cannot be verified.',
      ),
    checkpointEvery: duration
      .default(60)
      .describe('A checkpoint at least this often, while anything is written.'),
    checkpointRecords: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe('And whenever this many records have come since the last.'),
    anchorFile: z
      .string()
      .optional()
      .describe(
        'File that every signed checkpoint is appended to, one JSON a line; on storage that whoever writes the state store cannot write.',
      ),
    anchorWebhook: z
      .strictObject({
        url: z.url({ protocol: /^https?$/ }).describe('Where signed checkpoints are posted to, as JSON.'),
        token: secret.optional().describe('Sent as a bearer token.'),
      })
      .optional()
      .describe('Another place for signed checkpoints; told again until it answers 2xx.'),
  })
  .prefault({})
  .describe('How the audit log can be proven.');
