import { expect, test } from '@jest/globals';
import { compactVerify, importJWK, type JWK } from 'jose';
import { broker, trusting } from './trusting.js';
import { passes, wycheproof, type Jwk, type JwkSet } from './wycheproof.js';

const signatures = wycheproof<Jwk>('json_web_signature_test');
const keySets = wycheproof<JwkSet>('json_web_key_test');

const byKeyAlone = (token: string, key: Jwk) => passes(token, { keys: [key] }, false);
const isShared = ({ kty }: Jwk): boolean => kty === 'oct';

/** An issuer and a trust domain with just this key, and rules that any of the tokens would meet if it were proved. */
const trustingKey = (key: Jwk) =>
  trusting({
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

const invalid = signatures.filter((one) => !one.isValid);

test('WID-16: the entry point refuses every invalid case of Wycheproof', async () => {
  expect(invalid).toHaveLength(355);
  const accepted: number[] = [];
  for (const { tcId, token, key } of invalid)
    if ('principal' in (await trustingKey(key).ask(token))) accepted.push(tcId);
  expect(accepted).toEqual([]);
});

test('WID-16: shape and signature alone already refuse every invalid case', async () => {
  const accepted: number[] = [];
  for (const { tcId, token, key } of invalid) if (await byKeyAlone(token, key)) accepted.push(tcId);
  expect(accepted).toEqual([]);
});

test('WID-16: the cases that jose is lenient about, blanks and padding, are refused for their shape', async () => {
  const lenient: number[] = [];
  for (const { tcId, token, key } of invalid) {
    if (!(await jose(token, key))) continue;
    lenient.push(tcId);
    expect(await trustingKey(key).ask(token)).toEqual({ refused: 'token.malformed' });
  }
  expect(lenient).toEqual([360, 365, 367, 368, 370, 375]);
});

async function jose(token: string, key: Jwk): Promise<boolean> {
  try {
    const algorithms = [String(key['alg'])];
    await compactVerify(token, await importJWK(key as JWK), { algorithms });
    return true;
  } catch {
    return false;
  }
}

test('WID-16: every valid case passes but those with a shared secret and those spelled oddly', async () => {
  const refused: number[] = [];
  let passed = 0;
  for (const { tcId, token, key, isValid } of signatures) {
    if (!isValid) continue;
    if (await byKeyAlone(token, key)) passed += isShared(key) ? Infinity : 1;
    else if (!isShared(key)) refused.push(tcId);
  }
  // An empty payload is no token. The key of 346 and 350 names another algorithm than the header, that of 347 and 351
  // one that does not exist.
  expect(refused).toEqual([259, 264, 268, 272, 320, 325, 346, 347, 350, 351]);
  expect(passed).toBe(26);
});

test.each(keySets.map((one) => [one.tcId, one.group, one] as const))(
  'WID-16: Wycheproof’s key set %d (%s) proves what it may prove',
  async (_tcId, _group, { token, key, isValid }) => {
    const shared = key.keys.every(isShared);
    expect(await passes(token, key)).toBe(isValid && !shared);
  },
);
