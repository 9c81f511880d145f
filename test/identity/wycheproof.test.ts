import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isSignedBy, readJws } from '../../src/identity/jws.js';
import { readKeySet } from '../../src/identity/key-set.js';
import { Fault } from '../../src/kernel/fault.js';
import { broker, trusting } from './trusting.js';

// Where the vectors come from, and why they are not in the tree: test/fixtures/README.md.
const file = process.env['PROTEM_WYCHEPROOF_JWS'] ?? 'test/fixtures/wycheproof/json_web_signature_test.json';

type Jwk = Readonly<Record<string, unknown>>;
interface Vectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly public?: Jwk;
    readonly private?: Jwk;
    readonly tests: readonly { readonly tcId: number; readonly jws: unknown; readonly result: string }[];
  }[];
}

const cases = () => {
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
  const all = vectors.testGroups.flatMap((group) =>
    group.tests.map((one) => ({
      tcId: one.tcId,
      isValid: one.result === 'valid',
      // Some cases are JWS in JSON serialization: what arrives is then its text.
      token: typeof one.jws === 'string' ? one.jws : JSON.stringify(one.jws),
      key: group.public ?? group.private ?? {},
    })),
  );
  return { all, count: vectors.numberOfTests };
};

const testWithVectors = (name: string, run: () => Promise<void>) =>
  existsSync(file) ? test(name, run) : test.skip(`${name} (skipped: ${file} is not there)`, run);

testWithVectors('WID-16: the entry point refuses every invalid case of Wycheproof', async () => {
  const { all, count } = cases();
  expect(all).toHaveLength(count);
  const invalid = all.filter((one) => !one.isValid);
  expect(invalid).toHaveLength(355);
  const accepted: number[] = [];
  for (const { tcId, token, key } of invalid) {
    const { ask } = trusting({
      issuers: [
        {
          issuer: 'https://issuer.example',
          keys: { inline: { keys: [key] } },
          rules: [{ where: { sub: 'joe' }, kind: 'agent', id: 'joe' }],
        },
      ],
      trustDomains: [
        {
          name: 'a.example',
          audience: broker,
          bundle: { inline: { keys: [{ kid: 'k', ...key, use: 'jwt-svid' }] } },
          rules: [{ path: '/joe', kind: 'agent' }],
        },
      ],
    });
    if ('principal' in (await ask(token))) accepted.push(tcId);
  }
  expect(accepted).toEqual([]);
});

/** Whether shape, key choice and signature pass, whatever the payload is: the vectors do not carry claims. */
async function passes(token: string, key: Jwk): Promise<boolean> {
  const { kid: _, ...nameless } = key;
  const keySet = readKeySet({ keys: [nameless] }, 'sig');
  try {
    const jws = readJws(token);
    return await isSignedBy({ ...jws, header: { ...jws.header, kid: undefined } }, keySet);
  } catch (cause) {
    if (cause instanceof Fault) return false;
    throw cause;
  }
}

testWithVectors('WID-16: shape and signature alone already refuse every invalid case', async () => {
  const accepted: number[] = [];
  for (const { tcId, token, key, isValid } of cases().all)
    if (!isValid && (await passes(token, key))) accepted.push(tcId);
  expect(accepted).toEqual([]);
});

testWithVectors(
  'WID-16: every valid case passes but those with a shared secret and those spelled oddly',
  async () => {
    const refused: number[] = [];
    let passed = 0;
    for (const { tcId, token, key, isValid } of cases().all) {
      if (!isValid) continue;
      const isShared = key['kty'] === 'oct';
      if (await passes(token, key)) passed += isShared ? Infinity : 1;
      else if (!isShared) refused.push(tcId);
    }
    // An empty payload is no token. The key of 346 and 350 names another algorithm than the header, that of 347 and 351
    // one that does not exist.
    expect(refused).toEqual([259, 264, 268, 272, 320, 325, 346, 347, 350, 351]);
    expect(passed).toBe(26);
  },
);
