import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { CompactSign, calculateJwkThumbprint, compactVerify, importJWK } from 'jose';
import type { Checkpoint } from '../../src/audit/checkpoint.js';
import { checkpointSigner, verifyCheckpoint } from '../../src/audit/jws-checkpoint.js';

const checkpoint: Checkpoint = {
  chain: 'chn_1',
  seq: 7,
  id: '1893456007000-0',
  hash: 'a'.repeat(64),
  at: 1_893_456_008_000,
  installation: 'https://protem.test {protem}',
  epoch: 0,
};

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const asPem = (pair: typeof ed25519) => pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

test.each([
  ['EdDSA', asPem(ed25519)],
  ['ES256', asPem(p256)],
  ['EdDSA', JSON.stringify(ed25519.privateKey.export({ format: 'jwk' }))],
])(
  'a checkpoint that is signed with %s says what it said, and any JOSE library can verify it',
  async (alg, key) => {
    const signer = await checkpointSigner(key);
    const jws = await signer.sign(checkpoint);
    expect(await verifyCheckpoint(jws, signer.keys.keys)).toEqual(checkpoint);
    const [jwk] = signer.keys.keys;
    expect(Object.keys(jwk!)).not.toContain('d');
    const { protectedHeader } = await compactVerify(jws, await importJWK(jwk as never, alg));
    expect(protectedHeader).toEqual({
      alg,
      kid: await calculateJwkThumbprint(jwk as never),
      typ: 'protem-checkpoint+jws',
    });
  },
);

test('after a new key has come, what the one before has signed is still verified', async () => {
  const before = await checkpointSigner(asPem(ed25519));
  const jws = await before.sign(checkpoint);
  const now = await checkpointSigner(asPem(p256), before.keys.keys);
  expect(now.keys.keys.map(({ kty }) => kty)).toEqual(['EC', 'OKP']);
  expect(await verifyCheckpoint(jws, now.keys.keys)).toEqual(checkpoint);
  expect(await verifyCheckpoint(await now.sign(checkpoint), now.keys.keys)).toEqual(checkpoint);
});

test('what another key has signed, or what was signed as something else, is no checkpoint', async () => {
  const signer = await checkpointSigner(asPem(ed25519));
  const other = await checkpointSigner(asPem(p256));
  await expect(verifyCheckpoint(await other.sign(checkpoint), signer.keys.keys)).rejects.toThrow();
  const jws = await signer.sign(checkpoint);
  const [head, , signature] = jws.split('.');
  const further = Buffer.from(JSON.stringify({ ...checkpoint, seq: 8 })).toString('base64url');
  await expect(verifyCheckpoint(`${head}.${further}.${signature}`, signer.keys.keys)).rejects.toThrow();
  const asOther = await new CompactSign(Buffer.from(jws.split('.')[1]!, 'base64url'))
    .setProtectedHeader({ alg: 'EdDSA', kid: signer.keys.keys[0]!.kid!, typ: 'JWT' })
    .sign(ed25519.privateKey);
  await expect(verifyCheckpoint(asOther, signer.keys.keys)).rejects.toThrow('no checkpoint');
});

test.each([
  ['nonsense', 'nonsense'],
  ['an RSA key', asPem(generateKeyPairSync('rsa', { modulusLength: 2048 }) as never)],
  ['a public key', ed25519.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
])('%s does not sign, and is not quoted', async (_what, key) => {
  const error = await checkpointSigner(key).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error?.message).toMatch(/^audit.signingKey is neither/);
  expect(error?.message).not.toContain(key.split('\n')[1] ?? key);
});
