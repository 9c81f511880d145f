import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import type { JWK } from 'jose';
import { expect, test } from '@jest/globals';
import { proofMaker } from '../../src/sdk/jose-proof.js';
import { answering, clientOf, problem, scripted } from './asking.js';

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

test('with a key pair every request carries a proof of its own, for its method and its URL without the query', async () => {
  const { fetch, asked } = scripted(answering(200, { items: [] }), answering(200, { items: [] }));
  const client = clientOf('https://broker.test', { fetch, token: 'the-token', dpop: pair() });
  await client.catalog();
  await client.call({ method: 'GET', path: '/v1/leases', query: { task: 'tsk_AAAAAAAA' } });
  const proofs = await Promise.all(
    asked.map(async ({ headers }) => {
      expect(headers.get('authorization')).toBe('DPoP the-token');
      const proof = headers.get('dpop') ?? '';
      const { jwk, typ } = decodeProtectedHeader(proof);
      expect(typ).toBe('dpop+jwt');
      return (await jwtVerify(proof, await importJWK(jwk as JWK, 'ES256'))).payload;
    }),
  );
  expect(proofs[0]).toMatchObject({ htm: 'GET', htu: 'https://broker.test/v1/catalog' });
  expect(proofs[1]).toMatchObject({ htm: 'GET', htu: 'https://broker.test/v1/leases' });
  expect(proofs[0]?.jti).not.toBe(proofs[1]?.jti);
});

test('TOK-07 a nonce that the broker asks for is in the next proof, and the request is sent again at once', async () => {
  const { fetch, asked } = scripted(
    problem('dpop.nonce', 401, true, {}, { 'dpop-nonce': 'n-1' }),
    answering(200, { items: [] }, { 'dpop-nonce': 'n-2' }),
    answering(200, { items: [] }),
  );
  const client = clientOf('https://broker.test', { fetch, token: 'the-token', dpop: pair() });
  await client.catalog();
  await client.catalog();
  const nonces = asked.map(({ headers }) => decodeJwt(headers.get('dpop') ?? '')['nonce']);
  expect(nonces).toEqual([undefined, 'n-1', 'n-2']);
});

test('a private key that is given as the public one is not sent', async () => {
  const { privateKey } = pair();
  const publicKey = privateKey.export({ format: 'jwk' }) as JWK;
  const make = await proofMaker({ privateKey, publicKey });
  const { jwk } = decodeProtectedHeader(await make('GET', 'https://broker.test/', 'x'));
  expect(Object.keys(jwk ?? {}).toSorted()).toEqual(['crv', 'kty', 'x', 'y']);
});
