import { readFileSync } from 'node:fs';
import { isSignedBy, readJws } from '../../src/identity/jws.js';
import { readKeySet } from '../../src/identity/key-set.js';
import { Fault } from '../../src/kernel/fault.js';

/** Where the vectors come from, and what was left out of them: test/fixtures/README.md. */
export type Jwk = Readonly<Record<string, unknown>>;
export type JwkSet = { readonly keys: readonly Jwk[] };

interface Vectors<Key> {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly comment: string;
    readonly key: Key;
    readonly tests: readonly { readonly tcId: number; readonly jws: unknown; readonly result: string }[];
  }[];
}

export function wycheproof<Key>(name: string) {
  const text = readFileSync(`test/fixtures/wycheproof/${name}.json`, 'utf8');
  const { numberOfTests, testGroups } = JSON.parse(text) as Vectors<Key>;
  const cases = testGroups.flatMap((group) =>
    group.tests.map(({ tcId, jws, result }) => ({
      tcId,
      group: group.comment,
      isValid: result === 'valid',
      // Some cases are JWS in JSON serialization: what arrives is then its text.
      token: typeof jws === 'string' ? jws : JSON.stringify(jws),
      key: group.key,
    })),
  );
  if (cases.length !== numberOfTests) throw new Error(`${name}: ${cases.length} cases of ${numberOfTests}`);
  return cases;
}

/**
 * Whether shape, key choice and signature pass, whatever the payload is: the vectors do not carry claims. Where they
 * mean the one key, whatever name the header gives it, the name is left out on both sides.
 */
export async function passes(token: string, keys: JwkSet, named = true): Promise<boolean> {
  const bare = keys.keys.map(({ kid: _kid, ...key }) => key);
  const keySet = readKeySet(named ? keys : { keys: bare }, 'sig');
  try {
    const jws = readJws(token);
    const header = named ? jws.header : { ...jws.header, kid: undefined };
    return await isSignedBy({ ...jws, header }, keySet);
  } catch (cause) {
    if (cause instanceof Fault) return false;
    throw cause;
  }
}
