import { z } from 'zod';
import type { Shape } from './shape.js';
import { duration } from '../kernel/duration.js';
import { lease, reason } from './lease.js';
import { publicKey } from './public-key.js';

export const renewalRequest = z
  .strictObject({
    ttl: duration.optional().meta({
      description:
        'How long it should last from now, such as "15m"; less than is left shortens it. The default of the entry when left out, and then nothing is shortened.',
    }),
    encryptTo: publicKey.optional().meta({
      description: 'The key to encrypt the secret to, should there be another; as for a credential.',
    }),
    reason: reason.optional().meta({ description: 'Why, in words; kept in the audit log.' }),
  })
  .meta({ description: 'Renews a lease.' });

export const renewal = z
  .strictObject({
    lease,
    secret: z.record(z.string(), z.unknown()).optional().meta({
      description:
        'The credential to use from now on, where the one before could not be carried on. Shown once.',
    }),
  })
  .meta({ description: 'A lease after its renewal; `expiresAt` is what was granted.' });

export type RenewalShape = Shape<typeof renewal>;
