import { afterEach, expect, test } from '@jest/globals';
import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import { documentedPolicies, parseSettings, startSeeded, tokenWith } from './stand-in-broker.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function checkWith(policies: Record<string, string>, more: Record<string, unknown> = {}) {
  const vault = await startSeeded({ policies });
  const token = await tokenWith(vault, Object.keys(policies));
  const provider = openVault('vault', parseSettings(vault, { auth: { method: 'token', token }, ...more }));
  closing.push(
    () => vault.close(),
    () => provider.close(),
  );
  return { vault, check: () => provider.check() };
}

test('the documented policies are enough', async () => {
  await (await checkWith(documentedPolicies())).check();
  await (await checkWith(documentedPolicies(), { tokenRole: 'protem' })).check();
});

test.each([
  'auth/token/create-orphan',
  'auth/token/renew-accessor',
  'sys/leases/renew',
  'sys/leases/revoke',
  'auth/token/revoke-accessor',
  'auth/token/lookup-accessor',
])('a broker without the right to %s is told so', async (path) => {
  const policies = Object.entries(documentedPolicies()).map(([name, text]) => [
    name,
    text.replace(`"${path}"`, '"somewhere/else"'),
  ]);
  const { check } = await checkWith(Object.fromEntries(policies) as Record<string, string>);
  await expect(check()).rejects.toMatchObject({
    code: 'provider.refused',
    reason: `the broker's policies lack "update" on ${path}`,
  });
});

test('a sealed Vault is unavailable', async () => {
  const { vault, check } = await checkWith(documentedPolicies());
  vault.setFault({ kind: 'sealed' });
  await expect(check()).rejects.toMatchObject({
    code: 'provider.unavailable',
    reason: expect.stringMatching(/sealed/),
  });
});
