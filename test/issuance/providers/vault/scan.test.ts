import { afterEach, expect, test } from '@jest/globals';
import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import { settings } from '../../../../src/issuance/providers/vault/settings.js';
import type { VaultStandIn } from '../../../../src/sandbox/vault/stand-in.js';
import { tellOrphanStory } from './orphan-story.js';
import { lookupAnswer, startRawVault } from './raw-vault.js';
import { ask, documentedPolicies, startSeeded, tokenWith } from './stand-in-broker.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function seeded() {
  const policies = documentedPolicies();
  const vault = await startSeeded({
    policies,
    tokenRoles: { protem: { allowedPolicies: ['reports'], orphan: true, renewable: false } },
  });
  closing.push(() => vault.close());
  return { vault, token: (await tokenWith(vault, Object.keys(policies))).reveal() };
}

const asRoot = (vault: VaultStandIn) => ({
  url: vault.url,
  write: (path: string, body: object) => ask(vault, path, body),
  knows: async (accessor: string) =>
    (await ask(vault, 'auth/token/lookup-accessor', { accessor })).status === 200,
});

test.each(['protem', undefined])(
  'rule 6: with the token role %s, what no live lease stands for is taken back, and nothing that could be foreign',
  async (tokenRole) => {
    const { vault, token } = await seeded();
    await tellOrphanStory(asRoot(vault), token, tokenRole);
  },
);

test('what is foreign is looked up once, and a scan that is told to end asks no more', async () => {
  const keys = Array.from({ length: 5 }, (_, index) => `accessor-${index}`);
  const raw = await startRawVault(({ path }) => {
    if (path === 'auth/token/lookup-self') return lookupAnswer;
    if (path === 'auth/token/lookup-accessor')
      return { status: 200, body: { data: { meta: null, path: 'x' } } };
    return { status: 200, body: { data: { keys } } };
  });
  const auth = { method: 'token', token: 'hvs.broker-token-0123456789' };
  const provider = openVault('vault', settings.parse({ address: raw.url, auth }));
  closing.push(raw.close, () => provider.close());
  const scan = async (signal: AbortSignal) => {
    const found = [];
    for await (const each of provider.scan!('us', signal)) found.push(each);
    return found;
  };
  const lookups = () => raw.heard.filter(({ path }) => path === 'auth/token/lookup-accessor').length;
  expect(await scan(AbortSignal.abort())).toEqual([]);
  expect(lookups()).toBe(0);
  expect(await scan(new AbortController().signal)).toEqual([]);
  expect(lookups()).toBe(5);
  await scan(new AbortController().signal);
  expect(lookups()).toBe(5);
});
