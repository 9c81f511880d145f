import { z } from 'zod';

const base64url = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[A-Za-z0-9_-]+$/, 'expected base64url without padding');

const common = {
  kid: z.string().min(1).max(256).optional(),
  use: z.literal('enc').optional(),
  ext: z.boolean().optional(),
  key_ops: z.array(z.string().max(64)).max(8).optional(),
};

/** A public JWK (RFC 7517) that can be encrypted to. Private members are unknown fields, and refused as such. */
export const publicKey = z
  .discriminatedUnion('kty', [
    z.strictObject({
      kty: z.literal('EC'),
      crv: z.enum(['P-256', 'P-384', 'P-521']),
      x: base64url(100),
      y: base64url(100),
      alg: z.literal('ECDH-ES+A256KW').optional(),
      ...common,
    }),
    z.strictObject({
      kty: z.literal('OKP'),
      crv: z.literal('X25519'),
      x: base64url(50),
      alg: z.literal('ECDH-ES+A256KW').optional(),
      ...common,
    }),
    z.strictObject({
      kty: z.literal('RSA'),
      n: base64url(700),
      e: z.literal('AQAB', 'expected "AQAB": small exponents are not taken'),
      alg: z.literal('RSA-OAEP-256').optional(),
      ...common,
    }),
  ])
  .meta({ description: 'A public key as a JWK (RFC 7517); never a private one.' });
