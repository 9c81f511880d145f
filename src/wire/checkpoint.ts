import { z } from 'zod';
import { pageOf, pageQuery } from './page.js';
import type { Shape } from './shape.js';
import { instant } from './text.js';

export const checkpointQuery = z.strictObject(pageQuery);

export const checkpoint = z
  .strictObject({
    seq: z.int().min(1).meta({ description: 'The last record that it covers.' }),
    at: instant,
    jws: z.string().meta({
      description:
        'Compact JWS (RFC 7515) by a key of /v1/audit/keys over JSON: chain, seq, id, hash, at, installation, epoch.',
    }),
  })
  .meta({ description: 'Where the log stood, signed.' });

export const checkpointPage = pageOf(checkpoint);

export const auditKeys = z
  .strictObject({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })) })
  .meta({ description: 'JWK set; empty where nothing is signed.' });

export type CheckpointShape = Shape<typeof checkpoint>;
