import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { openSeal } from '../../../src/issuance/sealing/jose-seal.js';
import type { PublicKey } from '../../../src/issuance/sealing/public-key.js';
import { wycheproof } from '../../identity/wycheproof.js';
import type { JwkSet } from '../../identity/wycheproof.js';
import { openByHand } from './open-by-hand.js';

const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' }) as unknown as PublicKey;

test.each([
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ECDH-ES+A256KW'],
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'ECDH-ES+A256KW'],
  ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'ECDH-ES+A256KW'],
  ['X25519', () => generateKeyPairSync('x25519'), 'ECDH-ES+A256KW'],
  ['RSA of 2048 bits', () => generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RSA-OAEP-256'],
])('what is sealed to %s opens with its private key, and says how', async (_what, makePair, alg) => {
  const { publicKey, privateKey } = makePair();
  const jwk = jwkOf(publicKey);
  const { seal, thumbprint } = await openSeal(jwk);
  expect(thumbprint).toBe(await calculateJwkThumbprint(publicKey));
  const secret = { password: 'p', port: 5432 };
  const jwe = await seal(secret);
  const { header, plaintext } = openByHand(jwe, privateKey);
  expect(plaintext).toEqual(secret);
  expect(header).toMatchObject({ alg, enc: 'A256GCM', cty: 'json', kid: thumbprint });
  expect(await seal(secret)).not.toBe(jwe);
});

test('the name that the agent gives its key comes back with what was sealed to it', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const { seal } = await openSeal({ ...jwkOf(publicKey), kid: 'of-today' });
  expect(openByHand(await seal(1), privateKey).header.kid).toBe('of-today');
});

const p256 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey) as { x: string };
/** The ROCA key of Wycheproof, of 2049 bits. */
function factorable(): object {
  const [weak] = wycheproof<JwkSet>('json_web_key_test').filter(({ group }) => group.includes('roca'));
  return { kty: 'RSA', e: 'AQAB', n: weak!.key.keys[0]!['n'] };
}
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  jwkOf(generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey);

test.each([
  ['a point that is not on its curve', { ...p256, y: p256.x }],
  ['a curve that it is not of', { ...p256, crv: 'P-384' }],
  ['a point of small order', { kty: 'OKP', crv: 'X25519', x: Buffer.alloc(32).toString('base64url') }],
  ['half a point', { kty: 'OKP', crv: 'X25519', x: Buffer.alloc(16, 9).toString('base64url') }],
  ['RSA of 1024 bits', rsa(1024)],
  [
    'RSA of 1024 bits that looks longer',
    {
      ...rsa(1024),
      n: Buffer.concat([
        Buffer.alloc(256),
        Buffer.from((rsa(1024) as unknown as { n: string }).n, 'base64url'),
      ]).toString('base64url'),
    },
  ],
  ['a modulus that anyone can factor', factorable()],
  ['RSA of 8192 bits', { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(1024, 0xff).toString('base64url') }],
])('a key with %s is refused before anything is minted', async (_what, jwk) => {
  await expect(openSeal(jwk as PublicKey)).rejects.toMatchObject({
    code: 'delivery.key',
    errors: [{ pointer: '/encryptTo' }],
  });
});
