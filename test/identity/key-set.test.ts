import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { jwksOf, makeSigner, signJws, type Signer } from './signer.js';
import { broker, startSeconds, trusting } from './trusting.js';

const issuer = 'https://issuer.example';
const claims = { iss: issuer, sub: 'joe', aud: broker, iat: startSeconds, exp: startSeconds + 60 };

describe('WID-16: keys are for what they say they are for', () => {
  const other = makeSigner('ES256', 'other');
  const answerFor = (change: Record<string, unknown>, alg = 'ES256') =>
    trusting({
      issuers: [
        {
          issuer,
          keys: { inline: { keys: [{ ...other.publicJwk, ...change }] } },
          algorithms: ['ES256', 'ES384'],
          rules: [{ where: { sub: 'joe' }, kind: 'agent', id: 'joe' }],
        },
      ],
    }).ask(signJws(other, claims, { alg }));

  test.each([
    [{ use: 'enc' }],
    [{ use: 'jwt-svid' }],
    [{ key_ops: ['encrypt'] }],
    [{ key_ops: 'verify' }],
    [{ alg: 'ECDH-ES' }],
    [{ alg: 'ES384' }],
    [{ kty: 'RSA' }],
    [{ crv: 'P-384' }],
    [{ kid: 'different' }],
    [{ d: 'AAAA' }],
  ])('a key with %j verifies nothing', async (change) => {
    expect(await answerFor(change)).toEqual({ refused: 'oidc.unknown_key' });
  });

  test.each([[{ use: 'sig' }], [{ key_ops: ['verify'] }], [{ alg: 'ES256' }], [{}]])(
    'a key with %j does',
    async (change) => {
      expect(await answerFor(change)).toHaveProperty('principal');
    },
  );

  test('a point that is not on the curve verifies nothing', async () => {
    expect(await answerFor({ x: other.publicJwk['y'] })).toEqual({ refused: 'oidc.signature' });
  });

  test('an RSA key under 2048 bits verifies nothing', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const weak: Signer = {
      alg: 'RS256',
      kid: 'weak',
      privateKey: pair.privateKey,
      publicJwk: { ...pair.publicKey.export({ format: 'jwk' }), kid: 'weak' },
    };
    const answer = await trusting({
      issuers: [
        {
          issuer,
          keys: { inline: jwksOf(weak) },
          rules: [{ where: { sub: 'joe' }, kind: 'agent', id: 'joe' }],
        },
      ],
    }).ask(signJws(weak, claims));
    expect(answer).toEqual({ refused: 'oidc.signature' });
  });
});
