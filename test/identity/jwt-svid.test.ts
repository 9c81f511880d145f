import { expect, test } from '@jest/globals';
import { readKeySet } from '../../src/identity/key-set.js';
import { bundleOf, hmacJws, makeSigner, signJws, unsignedJws } from './signer.js';
import { broker, startSeconds, trusting } from './trusting.js';

const key = makeSigner('ES384', 'authority1');
const rsaKey = makeSigner('RS256', 'authority2');
const otherKey = makeSigner('ES256', 'authority1');
const strangerKey = makeSigner('ES256', 'stranger');

const id = 'spiffe://a.example/agents/reports';
const claims = {
  sub: id,
  aud: [broker],
  iat: startSeconds,
  exp: startSeconds + 300,
  iss: 'https://spire.example',
};

const rules = [
  { path: '/agents/*', kind: 'agent' },
  { path: '/ci', kind: 'orchestrator' },
];
const trustDomains = [
  {
    name: 'a.example',
    bundle: { inline: bundleOf(key, rsaKey) },
    rules,
    deny: ['spiffe://a.example/agents/gone'],
  },
  { name: 'b.example', bundle: { inline: bundleOf(otherKey) }, rules },
];
const ask = (token: string, change: Record<string, unknown> = {}) =>
  trusting({ trustDomains: trustDomains.map((one) => ({ ...one, ...change })) }).ask(token);

test('WID-03: a valid JWT-SVID names its workload', async () => {
  expect(await ask(signJws(key, claims))).toEqual({
    principal: {
      id,
      kind: 'agent',
      issuer: 'a.example',
      roles: [],
      claims: { path: '/agents/reports', kid: 'authority1' },
      proofIssuedAt: startSeconds * 1000,
      proofExpiresAt: (startSeconds + 300) * 1000,
    },
  });
});

test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'])(
  'WID-03: %s is an algorithm of JWT-SVIDs',
  async (alg) => {
    const signer = makeSigner(alg, 'k');
    const answer = await trusting({
      trustDomains: [{ ...trustDomains[0], bundle: { inline: bundleOf(signer) } }],
    }).ask(signJws(signer, claims, { typ: 'JWT' }));
    expect(answer).toMatchObject({ principal: { id } });
  },
);

const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));

test.each<[string, string, string]>([
  ['no subject', signJws(key, without('sub', 'iss')), 'svid.no_subject'],
  ['a number as subject', signJws(key, { ...without('iss'), sub: 7 }), 'svid.no_subject'],
  ['a subject that is no SPIFFE ID', signJws(key, { ...without('iss'), sub: 'reports' }), 'svid.spiffe_id'],
  [
    'a malformed SPIFFE ID',
    signJws(key, { ...claims, sub: 'spiffe://a.example/agents/../ci' }),
    'svid.spiffe_id',
  ],
  [
    'a SPIFFE ID in capitals',
    signJws(key, { ...claims, sub: 'Spiffe://a.example/agents/x' }),
    'svid.spiffe_id',
  ],
  ['the trust domain itself', signJws(key, { ...claims, sub: 'spiffe://a.example' }), 'svid.spiffe_id'],
  ['no audience', signJws(key, without('aud')), 'svid.no_audience'],
  ['an empty audience', signJws(key, { ...claims, aud: [] }), 'svid.no_audience'],
  ['another audience', signJws(key, { ...claims, aud: 'https://other.example' }), 'svid.audience'],
  [
    'WID-05 the token endpoint as audience',
    signJws(key, { ...claims, aud: `${broker}/token` }),
    'svid.audience',
  ],
  [
    'WID-05 two audiences',
    signJws(key, { ...claims, aud: [broker, 'https://other'] }),
    'svid.many_audiences',
  ],
  ['no expiry', signJws(key, without('exp')), 'svid.no_expiry'],
  [
    'an expiry that is text',
    signJws(key, { ...claims, exp: `${startSeconds + 300}` }),
    'svid.malformed_time',
  ],
  ['an expiry that is past', signJws(key, { ...claims, exp: startSeconds - 5 }), 'svid.expired'],
  ['a start that is to come', signJws(key, { ...claims, nbf: startSeconds + 6 }), 'svid.not_yet_valid'],
  ['an issue that is to come', signJws(key, { ...claims, iat: startSeconds + 6 }), 'svid.issued_in_future'],
  ['a life of a day', signJws(key, { ...claims, exp: startSeconds + 86_400 }), 'svid.lifetime'],
  [
    'a life of a day, hidden',
    signJws(key, { ...without('iat'), exp: startSeconds + 86_400 }),
    'svid.lifetime',
  ],
  [
    'HS256 with the public key',
    hmacJws(JSON.stringify(key.publicJwk), claims, { alg: 'HS256', kid: 'authority1' }),
    'svid.algorithm',
  ],
  ['EdDSA', signJws(makeSigner('EdDSA', 'authority1'), claims), 'svid.algorithm'],
  ['no algorithm', unsignedJws(claims, { alg: 'none', kid: 'authority1' }, 'AA'), 'svid.algorithm'],
  ['an invalid type', signJws(key, claims, { typ: 'invalid' }), 'svid.type'],
  ['a WIT', signJws(key, claims, { typ: 'wit+jwt' }), 'svid.type'],
  ['no kid', signJws(key, claims, { kid: undefined }), 'svid.no_kid'],
  ['an unknown kid', signJws(key, claims, { kid: 'unknown' }), 'svid.unknown_key'],
  ['the right kid and the wrong key', signJws(makeSigner('ES384', 'authority1'), claims), 'svid.signature'],
  ['a kid of a key of another type', signJws(rsaKey, claims, { kid: 'authority1' }), 'svid.unknown_key'],
  [
    'a trust domain without a bundle',
    signJws(key, { ...claims, sub: 'spiffe://c.example/agents/x' }),
    'svid.trust_domain',
  ],
  ['a denied id', signJws(key, { ...claims, sub: 'spiffe://a.example/agents/gone' }), 'svid.denied'],
  [
    'a workload that no rule speaks of',
    signJws(key, { ...claims, sub: 'spiffe://a.example/web' }),
    'svid.subject',
  ],
  [
    'a path that only begins like a rule',
    signJws(key, { ...claims, sub: 'spiffe://a.example/ci/x' }),
    'svid.subject',
  ],
  [
    'a path that only begins like a folder',
    signJws(key, { ...claims, sub: 'spiffe://a.example/agents2/x' }),
    'svid.subject',
  ],
])('WID-03: an SVID with %s is refused', async (_, token, reason) => {
  expect(await ask(token)).toEqual({ refused: reason });
});

test.each(['jku', 'jwk', 'x5u', 'x5c', 'crit', 'cty', 'x5t', 'anything'])(
  'WID-04: a header %s is refused, and nothing is fetched for it',
  async (name) => {
    const value =
      name === 'jwk' ? strangerKey.publicJwk : name === 'crit' ? ['exp'] : 'https://attacker.example/keys';
    const trust = trusting({ trustDomains });
    const token = signJws(strangerKey, claims, { kid: 'authority1', [name]: value });
    expect(await trust.ask(token)).toEqual({ refused: 'svid.header' });
    expect(trust.requested).toEqual([]);
  },
);

test('WID-05: more audiences are taken when the settings say so, but never without the own one', async () => {
  const change = { allowOtherAudiences: true };
  expect(await ask(signJws(key, { ...claims, aud: [broker, 'https://other'] }), change)).toHaveProperty(
    'principal',
  );
  expect(await ask(signJws(key, { ...claims, aud: ['https://other'] }), change)).toEqual({
    refused: 'svid.audience',
  });
});

test('WID-06: a key of one trust domain proves nothing about another, not even under the same kid', async () => {
  expect(await ask(signJws(otherKey, claims))).toEqual({ refused: 'svid.unknown_key' });
  const mixed = trusting({
    trustDomains: [
      { ...trustDomains[0], bundle: { inline: bundleOf(makeSigner('ES256', 'authority1')) } },
      trustDomains[1],
    ],
  });
  expect(await mixed.ask(signJws(otherKey, claims))).toEqual({ refused: 'svid.signature' });
  const own = { ...claims, sub: 'spiffe://b.example/agents/x' };
  expect(await mixed.ask(signJws(otherKey, own))).toMatchObject({ principal: { issuer: 'b.example' } });
});

test('WID-07: of a bundle only the keys for JWT-SVIDs that have a kid count', async () => {
  const signers = ['x509-svid', 'jwt-svid', 'wit-svid', 'sig', 'jwt-svid', undefined].map((use, index) => ({
    use,
    signer: makeSigner('ES256', `k${index}`),
  }));
  const header = { alg: 'ES256', kid: undefined };
  const { kid: _, ...nameless } = makeSigner('ES256', 'x').publicJwk;
  const inline = {
    spiffe_sequence: 1,
    spiffe_refresh_hint: 60,
    keys: [
      ...signers.map(({ use, signer }) => ({ ...signer.publicJwk, use })),
      { ...nameless, use: 'jwt-svid' },
      { kty: 'new', kid: 'n', use: 'jwt-svid' },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'o', use: 'jwt-svid' },
    ],
  };
  expect(readKeySet(inline, 'jwt-svid').kids).toEqual(['k1', 'k4', 'n']);
  expect(readKeySet({ keys: [{ ...nameless, use: 'jwt-svid' }] }, 'jwt-svid').matching(header)).toEqual([]);
  const trust = trusting({ trustDomains: [{ ...trustDomains[0], bundle: { inline } }] });
  const answers = await Promise.all(signers.map(({ signer }) => trust.ask(signJws(signer, claims))));
  expect(answers.map((answer) => 'principal' in answer)).toEqual([false, true, false, false, true, false]);
});

test('OPS-04: no SVID is ever an operator', () => {
  expect(() =>
    trusting({ trustDomains: [{ ...trustDomains[0], rules: [{ path: '/people/*', kind: 'operator' }] }] }),
  ).toThrow();
});
