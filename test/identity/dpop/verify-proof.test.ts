import { describe, expect, test } from '@jest/globals';
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';
import fc from 'fast-check';
import { comparableUri } from '../../../src/identity/dpop/http-uri.js';
import { hmacJws, makeSigner, unsignedJws } from '../signer.js';
import { wycheproof, type JwkSet } from '../wycheproof.js';
import { rfcAccessToken, rfcResourceProof, rfcThumbprint, rfcTokenProof } from './rfc9449.js';
import { athOf, proofOf, verifying } from './verifying.js';

describe('the proofs of RFC 9449', () => {
  const atToken = () => verifying(1_562_262_620, 'https://server.example.com');
  const post = { method: 'POST', path: '/token' };

  test('TOK-05 TOK-06 figure 2 is accepted, and its key has the thumbprint of figure 8', async () => {
    expect(await atToken().outcome(rfcTokenProof, post)).toBe(rfcThumbprint);
  });

  test('TOK-05 WID-16 the same proof again is a replay, also with another last character', async () => {
    const { outcome } = atToken();
    await outcome(rfcTokenProof, post);
    expect(await outcome(rfcTokenProof, post)).toBe('dpop.replayed');
    expect(await outcome(`${rfcTokenProof.slice(0, -1)}h`, post)).toBe('dpop.malformed');
  });

  test.each([
    ['a blank in the signature', rfcTokenProof.replace('.2-Gx', '.2- Gx')],
    ['padding', `${rfcTokenProof}==`],
    ['a line break', `${rfcTokenProof}\n`],
    ['two parts', rfcTokenProof.split('.').slice(0, 2).join('.')],
    ['two proofs in one header', `${rfcTokenProof}, ${rfcTokenProof}`],
    ['nothing', ''],
  ])('WID-16 %s is malformed', async (_what, proof) => {
    expect(await atToken().outcome(proof, post)).toBe('dpop.malformed');
  });

  test('TOK-05 another method, address or time is refused', async () => {
    const { outcome, clock } = atToken();
    expect(await outcome(rfcTokenProof, { ...post, method: 'GET' })).toBe('dpop.method');
    expect(await outcome(rfcTokenProof, { ...post, path: '/token/' })).toBe('dpop.uri');
    clock.nowSeconds = 1_562_262_616 + 61;
    expect(await outcome(rfcTokenProof, post)).toBe('dpop.stale');
    clock.nowSeconds = 1_562_262_616 - 6;
    expect(await outcome(rfcTokenProof, post)).toBe('dpop.stale');
    clock.nowSeconds = 1_562_262_616 + 60;
    expect(await outcome(rfcTokenProof, post)).toBe(rfcThumbprint);
  });

  test('TOK-05 two DPoP headers, and none, are refused', async () => {
    expect(await atToken().outcome([rfcTokenProof, rfcTokenProof], post)).toBe('dpop.many');
    expect(await atToken().outcome([], post)).toBe('dpop.none');
  });

  test('TOK-05 figure 13 is accepted with its token, and with no other', async () => {
    const { outcome } = verifying(1_562_262_620, 'https://resource.example.org');
    const get = { method: 'GET', path: '/protectedresource' };
    expect(await outcome(rfcResourceProof, { ...get, token: `${rfcAccessToken}x` })).toBe('dpop.token');
    expect(await outcome(rfcResourceProof, { ...get, token: rfcAccessToken })).toBe(rfcThumbprint);
  });
});

describe('proofs of our own', () => {
  const now = 1_767_225_600;
  const url = 'https://protem.example';
  const signer = makeSigner('ES256', 'k');
  const request = { method: 'POST', path: '/v1/tasks', token: 'a.b.c' };
  const claims = { htm: 'POST', htu: `${url}/v1/tasks`, iat: now, ath: athOf('a.b.c') };
  const outcome = (proof: string) => verifying(now, url).outcome(proof, request);
  const secret = signer.privateKey.export({ format: 'jwk' });

  test.each<[string, string, Record<string, unknown>, Record<string, unknown>]>([
    ['no jti', 'dpop.malformed', { jti: undefined }, {}],
    ['an empty jti', 'dpop.malformed', { jti: '' }, {}],
    ['a jti that is a number', 'dpop.malformed', { jti: 7 }, {}],
    ['a jti of 257 characters', 'dpop.malformed', { jti: 'x'.repeat(257) }, {}],
    ['no method', 'dpop.malformed', { htm: undefined }, {}],
    ['a method in lower case', 'dpop.method', { htm: 'post' }, {}],
    ['no address', 'dpop.malformed', { htu: undefined }, {}],
    ['an address of another host', 'dpop.uri', { htu: 'https://protem.example.org/v1/tasks' }, {}],
    ['an address with a user', 'dpop.uri', { htu: 'https://x@protem.example/v1/tasks' }, {}],
    ['an address over http', 'dpop.uri', { htu: 'http://protem.example/v1/tasks' }, {}],
    ['no time', 'dpop.malformed', { iat: undefined }, {}],
    ['a time that is text', 'dpop.malformed', { iat: String(now) }, {}],
    ['a time that is none', 'dpop.malformed', { iat: null }, {}],
    ['no hash of the token', 'dpop.token', { ath: undefined }, {}],
    ['the hash of another token', 'dpop.token', { ath: athOf('d.e.f') }, {}],
    ['the type of a token', 'dpop.type', {}, { typ: 'JWT' }],
    ['no type', 'dpop.type', {}, { typ: undefined }],
    ['no key', 'dpop.key', {}, { jwk: undefined }],
    ['the name of a key', 'dpop.key', {}, { jwk: 'k' }],
    ['a private key', 'dpop.private_key', {}, { jwk: secret }],
    ['a shared key', 'dpop.private_key', {}, { jwk: { kty: 'oct', k: 'c2VjcmV0' } }],
    ['a key of another curve', 'dpop.key', {}, { jwk: makeSigner('ES384', 'k').publicJwk }],
    ['the key of somebody else', 'dpop.signature', {}, { jwk: makeSigner('ES256', 'k').publicJwk }],
    [
      'a point that is not on the curve',
      'dpop.key',
      {},
      { jwk: { ...signer.publicJwk, y: signer.publicJwk['x'] } },
    ],
    [
      'another spelling of its key',
      'dpop.key',
      {},
      { jwk: { ...signer.publicJwk, x: `${String(signer.publicJwk['x'])}=` } },
    ],
    ['an algorithm that is unknown', 'dpop.algorithm', {}, { alg: 'ES256K' }],
    ['the name of a property for an algorithm', 'dpop.algorithm', {}, { alg: 'constructor' }],
    ['a critical header that nobody knows', 'dpop.signature', {}, { crit: ['x'], x: 1 }],
  ])('TOK-05 a proof with %s is refused: %s', async (_what, reason, over, header) => {
    expect(await outcome(proofOf(signer, { ...claims, ...over }, header))).toBe(reason);
  });

  test('TOK-05 a proof by a key whose private half anyone can compute is refused (ROCA)', async () => {
    const [weak] = wycheproof<JwkSet>('json_web_key_test').filter(({ group }) => group.includes('roca'));
    const { n, e } = weak!.key.keys[0]!;
    const jwk = { kty: 'RSA', n, e };
    expect(await outcome(proofOf(makeSigner('RS256', 'k'), claims, { jwk }))).toBe('dpop.key');
  });

  test('TOK-05 a proof that nobody signed, or that whoever verifies it could sign, is refused', async () => {
    const payload = { jti: 'x', ...claims };
    const jwk = signer.publicJwk;
    for (const alg of ['none', 'HS256'])
      expect(await outcome(hmacJws('key', payload, { typ: 'dpop+jwt', alg, jwk }))).toBe('dpop.algorithm');
    expect(await outcome(unsignedJws(payload, { typ: 'dpop+jwt', alg: 'none', jwk }))).toBe('dpop.malformed');
  });

  test.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'PS256'])('%s proves', async (alg) => {
    expect(await outcome(proofOf(makeSigner(alg, 'k'), claims))).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test.each(['ES256', 'Ed25519', 'RS256', 'PS256'] as const)(
    'TOK-05 a proof that the package dpop made with %s is accepted',
    async (alg) => {
      const pair = await generateKeyPair(alg);
      const proof = await generateProof(pair, `${url}/v1/tasks`, 'POST', undefined, 'a.b.c');
      const { clock, outcome: made } = verifying(Math.floor(Date.now() / 1000), url);
      clock.nowSeconds = Math.floor(Date.now() / 1000);
      expect(await made(proof, request)).toBe(await calculateThumbprint(pair.publicKey));
    },
  );

  test('a proof counts once for its key: another key may use the same jti', async () => {
    const { outcome: once } = verifying(now, url);
    const other = makeSigner('ES256', 'k');
    const same = { ...claims, jti: 'same' };
    expect(await once(proofOf(signer, same), request)).toMatch(/^.{43}$/);
    expect(await once(proofOf(other, same), request)).toMatch(/^.{43}$/);
    // Signed anew it is another text, and the same proof.
    expect(await once(proofOf(signer, same), request)).toBe('dpop.replayed');
  });

  test('any character of a proof that is changed makes it refused', async () => {
    const { outcome: any } = verifying(now, url);
    const proof = proofOf(signer, claims);
    await any(proof, request);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(proof.length - 1),
        fc.constantFrom(...'ABC XYZ abc xyz 0189-_.='.split('')),
        async (place, character) => {
          const changed = proof.slice(0, place) + character + proof.slice(place + 1);
          expect(await any(changed, request)).toMatch(/^dpop\./);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test.each([
  ['HTTPS://Server.EXAMPLE.com:443', 'https://server.example.com/'],
  ['https://server.example.com/a/./b/../c', 'https://server.example.com/a/c'],
  ['https://server.example.com/%7euser/%c3%a9', 'https://server.example.com/~user/%C3%A9'],
  ['https://server.example.com/x?query=1#fragment', 'https://server.example.com/x'],
  ['http://[::1]:80/x', 'http://[::1]/x'],
])('TOK-05 %s is compared as %s', (text, comparable) => {
  expect(comparableUri(text)).toBe(comparable);
});

test.each([
  'ftp://a/x',
  'https:/a/x',
  '//a/x',
  '/x',
  '',
  'https://a\\@b/x',
  'https://a/x\n',
  'https://a/ x',
  'https://u:p@a/x',
])('TOK-05 %j is no address that a proof could be for', (text) => {
  expect(comparableUri(text)).toBeUndefined();
});
