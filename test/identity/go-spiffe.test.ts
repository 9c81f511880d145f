import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readKeySet } from '../../src/identity/key-set.js';
import { isSpiffePath, parseSpiffeId } from '../../src/identity/spiffe-id.js';
import { bundleOf, makeSigner, signJws } from './signer.js';
import { startSeconds, trusting } from './trusting.js';

/** go-spiffe's tables, as data: test/fixtures/README.md says where each is from. */
const table = <Shape>(name: string): Shape =>
  JSON.parse(readFileSync(`test/fixtures/go-spiffe/${name}.json`, 'utf8')) as Shape;

interface Expected {
  readonly error?: string;
  readonly path?: string;
}
const ids = table<{
  fromString: readonly (Expected & { id: string })[];
  trustDomainFromString: readonly (Expected & { id: string; trustDomain?: string })[];
  fromPath: readonly (Expected & { path: string })[];
  fromSegments: readonly (Expected & { segments: readonly string[] })[];
}>('spiffe-id');

describe('WID-02: a SPIFFE ID is judged as go-spiffe’s tables judge it', () => {
  test.each(ids.fromString)('id_test.go, FromString: $id', ({ id, path, error }) => {
    expect(parseSpiffeId(id)).toEqual(error === undefined ? { trustDomain: 'trustdomain', path } : undefined);
  });

  test.each(ids.trustDomainFromString)('trustdomain_test.go: $id', ({ id, trustDomain }) => {
    expect(parseSpiffeId(id)?.trustDomain).toBe(trustDomain);
  });

  test.each(ids.fromPath)('id_test.go, FromPathf: "$path"', ({ path, error }) => {
    expect(path === '' || isSpiffePath(path)).toBe(error === undefined);
  });

  test.each(ids.fromSegments)('path_test.go: $segments', ({ segments, path, error }) => {
    const joined = segments.map((segment) => `/${segment}`).join('');
    if (error === undefined) expect(joined).toBe(path);
    expect(parseSpiffeId(`spiffe://trustdomain${joined}`)).toEqual(
      error === undefined ? { trustDomain: 'trustdomain', path } : undefined,
    );
  });
});

interface SvidCase {
  readonly name: string;
  readonly audience?: readonly string[];
  readonly token?: string;
  readonly claims?: Readonly<Record<string, unknown>> & { iatSeconds?: number; expSeconds?: number };
  readonly key?: 'key1' | 'key2';
  readonly kid?: string;
  readonly typ?: string;
  readonly error?: string;
}
const { algorithms, authorities, parseAndValidate } = table<{
  algorithms: Record<'key1' | 'key2', string>;
  authorities: Record<string, 'key1' | 'key2'>;
  parseAndValidate: readonly SvidCase[];
}>('jwt-svid');

const signerOf = Object.fromEntries(
  Object.entries(authorities).map(([kid, key]) => [key, makeSigner(algorithms[key], kid)]),
);

/**
 * The reason in our log for each of theirs. Three differ: a token whose subject is missing or no SPIFFE ID, and that has
 * an `iss`, is taken for one of an OIDC issuer, of which there is none; and a key of another type than the header's
 * algorithm is not even tried.
 */
const reasons: Readonly<Record<string, string | undefined>> = {
  success: undefined,
  malformed: 'token.malformed',
  'unsupported algorithm': 'svid.algorithm',
  'missing subject': 'issuer.unknown',
  'missing expiration claim': 'svid.no_expiry',
  expired: 'svid.expired',
  'unexpected audience': 'svid.audience',
  'invalid subject claim': 'issuer.unknown',
  'missing key': 'svid.no_kid',
  'no bundle for trust domain': 'svid.trust_domain',
  'no bundle for authority': 'svid.unknown_key',
  'mismatched JWT authority': 'svid.unknown_key',
  'invalid typ': 'svid.type',
};

function tokenOf({ token, claims = {}, key = 'key1', kid, typ }: SvidCase): string {
  if (token !== undefined) return token;
  const { iatSeconds, expSeconds, ...rest } = claims;
  const times = {
    ...(iatSeconds !== undefined && { iat: startSeconds + iatSeconds }),
    ...(expSeconds !== undefined && { exp: startSeconds + expSeconds }),
  };
  return signJws(signerOf[key]!, { ...rest, ...times }, { kid: kid === '' ? undefined : kid, typ });
}

test('WID-03: the table of go-spiffe’s svid_test.go has its 13 cases', () => {
  expect(parseAndValidate.map(({ name }) => name)).toEqual(Object.keys(reasons));
});

test.each(parseAndValidate)('WID-03: svid_test.go, $name', async (one) => {
  const [audience = 'audience'] = one.audience ?? [];
  const trust = trusting({
    trustDomains: [
      {
        name: 'trustdomain',
        audience,
        bundle: { inline: bundleOf(...Object.values(signerOf)) },
        rules: [{ path: '/host', kind: 'agent' }],
      },
    ],
  });
  const answer = await trust.ask(tokenOf(one));
  expect('principal' in answer).toBe(one.error === undefined);
  if ('principal' in answer) {
    expect(answer.principal).toMatchObject({ id: 'spiffe://trustdomain/host' });
    expect(answer.principal.proofExpiresAt).toBe((startSeconds + 60) * 1000);
  } else expect(answer.refused).toBe(reasons[one.name]);
});

/** How many keys for JWT-SVIDs go-spiffe finds; undefined where it refuses the bundle whole. */
const jwtAuthorities = { valid_1: 1, valid_2: 6, valid_with_wit: 2, missing_kid: 0, no_keys: undefined };

test.each(Object.entries(jwtAuthorities))(
  'WID-07: bundle_test.go, spiffebundle_%s.json',
  (name, authoritiesCount) => {
    const bundle = table<Record<string, unknown>>('bundles')[name];
    if (authoritiesCount === undefined) expect(() => readKeySet(bundle, 'jwt-svid')).toThrow();
    // Where go-spiffe refuses a bundle for one key without a name, that key is left out, and proves nothing, here.
    else expect(readKeySet(bundle, 'jwt-svid').size).toBe(authoritiesCount);
  },
);
