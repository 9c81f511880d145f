import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { expectProblem, serving } from './serving.js';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = publicKey.export({ format: 'jwk' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

async function asked(encryptTo: unknown) {
  const served = await serving();
  const { json } = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const body = { credential: 'reports-reader', encryptTo };
  const answer = await served.call('POST', `/v1/tasks/${String(json['id'])}/credentials`, { body });
  return { ...served, answer };
}

test.each([
  ['of a curve', key],
  ['with a name, and what browsers add to it', { ...key, kid: 'k', use: 'enc', ext: true, key_ops: [] }],
  ['of RSA', rsa.publicKey.export({ format: 'jwk' })],
  ['of X25519', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })],
])('a public key %s goes to the broker as it is', async (_what, encryptTo) => {
  const { answer, broker } = await asked(encryptTo);
  expect(answer.status).toBe(201);
  const [, request] = broker.calls.find(({ verb }) => verb === 'grant')?.arguments ?? [];
  expect(request).toMatchObject({ encryptTo });
});

test.each([
  ['a private key', privateKey.export({ format: 'jwk' }), '/encryptTo/d'],
  ['a private RSA key', rsa.privateKey.export({ format: 'jwk' }), '/encryptTo/d'],
  ['a shared key', { kty: 'oct', k: 'c2VjcmV0' }, '/encryptTo/kty'],
  ['a key to sign with', { ...key, use: 'sig' }, '/encryptTo/use'],
  ['a key of Ed25519', generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), '/encryptTo/crv'],
  ['an RSA exponent of 3', { kty: 'RSA', n: 'x'.repeat(342), e: 'Aw' }, '/encryptTo/e'],
  ['another algorithm', { ...key, alg: 'ECDH-ES' }, '/encryptTo/alg'],
  ['the address of a key', { ...key, x5u: 'https://elsewhere.example' }, '/encryptTo/x5u'],
  ['a key as text', JSON.stringify(key), '/encryptTo'],
])('%s is refused by its shape, and not a word of it is said again', async (_what, encryptTo, pointer) => {
  const { answer, broker } = await asked(encryptTo);
  const problem = expectProblem(answer, 'request.malformed');
  expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
  const secret = (encryptTo as { d?: string }).d;
  if (secret !== undefined) expect(answer.text).not.toContain(secret);
  expect(broker.leases.size).toBe(0);
});
