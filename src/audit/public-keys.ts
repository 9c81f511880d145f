import { z } from 'zod';

/** A public key as RFC 7517 writes it: Ed25519 (RFC 8037), or P-256. A private member is refused. */
export const publicJwk = z.union([
  z.strictObject({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: z.string(),
    kid: z.string().optional(),
    alg: z.enum(['EdDSA', 'Ed25519']).optional(),
    use: z.literal('sig').optional(),
  }),
  z.strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    kid: z.string().optional(),
    alg: z.literal('ES256').optional(),
    use: z.literal('sig').optional(),
  }),
]);

export type PublicKey = z.output<typeof publicJwk>;

export const publicJwks = z.object({ keys: z.array(publicJwk) });
