import { z } from 'zod';
import type { Shape } from './shape.js';
import { duration } from '../kernel/duration.js';
import { lease, reason } from './lease.js';
import { publicKey } from './public-key.js';
import { approvalId, line, name, stepId } from './text.js';

export const credentialRequest = z
  .strictObject({
    credential: name.meta({ description: 'Name of the catalog entry.' }),
    parameters: z
      .record(z.string().max(64), z.unknown())
      .default({})
      .meta({ description: 'Values that narrow the entry; `GET /v1/catalog` says what each may be.' }),
    ttl: duration.optional().meta({
      description: 'How long it should last, such as "15m"; the default and the most are in the catalog.',
    }),
    encryptTo: publicKey.optional().meta({
      description:
        'The key to encrypt the secret to: that of the DPoP proof, or one that the token names. The answer then has `secret.jwe`, a compact JWE.',
    }),
    tool: line(128).optional().meta({ description: 'The tool that is about to use it.' }),
    step: stepId.optional().meta({
      description: 'The permitted step that it is for; it goes with the tool of that step.',
    }),
    reason: reason.optional().meta({ description: 'Why, in words; kept in the audit log.' }),
    approval: approvalId.optional().meta({
      description: 'The approval that this same request has got, to ask again by it.',
    }),
  })
  .refine(({ step, tool }) => step === undefined || tool !== undefined, {
    path: ['tool'],
    message: 'required with "step"',
  })
  .meta({ description: 'Asks for a credential for a task.' });

export const grant = z
  .strictObject({
    lease,
    secret: z.record(z.string(), z.unknown()).meta({
      description: 'The credential, under the names its clients know. Shown once and never stored.',
    }),
  })
  .meta({ description: 'A credential and its lease.' });

export type GrantShape = Shape<typeof grant>;
