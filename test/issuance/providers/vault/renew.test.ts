import { afterEach, expect, test } from '@jest/globals';
import type { Handle } from '../../../../src/issuance/provider.js';
import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import { settings } from '../../../../src/issuance/providers/vault/settings.js';
import { lookupAnswer, startRawVault, type Heard, type Said } from './raw-vault.js';
import { ask, connects, orderOf, parseSettings, reports, startSeeded } from './stand-in-broker.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A Vault and a broker on one clock that the test moves. */
async function open(more: Record<string, unknown> = {}, seed: Parameters<typeof startSeeded>[0] = {}) {
  const world = { now: Date.UTC(2030, 0, 1) };
  const clock = () => world.now;
  const vault = await startSeeded({ clock, ...seed });
  const provider = openVault('vault', parseSettings(vault, more), {
    clock,
    readText: () => Promise.reject(new Error('no files here')),
    later: () => () => {},
  });
  closing.push(
    () => vault.close(),
    () => provider.close(),
  );
  return { vault, provider, world };
}

async function leased(provider: Awaited<ReturnType<typeof open>>['provider'], ttl: number, ceiling: number) {
  const order = { ...orderOf(reports, ttl), ceilingSeconds: ceiling };
  let handle: Handle = provider.plan(order);
  const issued = await provider.issue(order, handle, async (better) => void (handle = better));
  const renew = (ttlSeconds: number) => provider.renew!({ ...order, ttlSeconds }, handle);
  return { order, handle, issued, renew, secret: issued.secret.reveal() };
}

test('a database user lives to the renewed end, and not a moment longer', async () => {
  const { vault, provider, world } = await open();
  const { renew, secret } = await leased(provider, 60, 300);
  world.now += 50_000;
  expect(await renew(120)).toEqual({ expiresAt: world.now + 120_000 });
  world.now += 119_999;
  expect(await connects(vault, secret)).toBe(true);
  world.now += 1;
  expect(await connects(vault, secret)).toBe(false);
});

test('rule 12: without a renewal Vault itself ends it with the lease, though its ceiling is far', async () => {
  const { vault, provider, world } = await open();
  const { secret } = await leased(provider, 60, 3600);
  world.now += 60_000;
  expect(await connects(vault, secret)).toBe(false);
});

test('CVE-2021-32923: renewed in its final second, and again and again, it still ends at its ceiling', async () => {
  const { vault, provider, world } = await open();
  const { renew, secret } = await leased(provider, 10, 25);
  const start = world.now;
  world.now += 9_999;
  expect((await renew(10)).expiresAt).toBe(world.now + 10_000);
  world.now += 9_999;
  // What is left of the ceiling, in whole seconds.
  expect((await renew(10)).expiresAt).toBe(world.now + 5000);
  await expect(connects(vault, secret)).resolves.toBe(true);
  world.now = start + 24_500;
  await expect(renew(10)).rejects.toMatchObject({ code: 'lease.at_ceiling' });
  world.now = start + 25_000;
  expect(await connects(vault, secret)).toBe(false);
  await expect(renew(10)).rejects.toMatchObject({ name: 'Fault' });
});

/** Vault counts in whole ones, and so may pass its maximum by a part of one. */
const aSecond = 1000;

test('asked for less, it ends sooner', async () => {
  const { vault, provider, world } = await open();
  const { renew, secret } = await leased(provider, 600, 3600);
  expect(await renew(30)).toEqual({ expiresAt: world.now + 30_000 });
  world.now += 30_000;
  expect(await connects(vault, secret)).toBe(false);
});

test('where the role of the database has a maximum of its own, that is what is answered', async () => {
  const databaseRoles = { reports: { ttlSeconds: 60, maximumTtlSeconds: 90 } };
  const { provider, world } = await open({}, { databaseRoles });
  const { renew } = await leased(provider, 60, 3600);
  world.now += 50_000;
  expect(await renew(600)).toEqual({ expiresAt: world.now + 40_000 });
  world.now += 39_999;
  expect((await renew(600)).expiresAt).toBeLessThanOrEqual(world.now + aSecond);
  world.now += 1;
  await expect(renew(600)).rejects.toMatchObject({ code: 'lease.at_ceiling' });
});

test('the longest lease of the settings bounds the ceiling that is built into the token', async () => {
  const { vault, provider } = await open({ maximumTtl: '20m' });
  const { handle } = await leased(provider, 60, 3600);
  const { data } = await ask(vault, 'auth/token/lookup-accessor', { accessor: handle['accessor'] });
  expect(data).toMatchObject({ creation_ttl: 60, explicit_max_ttl: 1200, renewable: true });
});

test('where nothing could be carried on, the token is made not to be, and renewing says so', async () => {
  const { vault, provider } = await open();
  const { handle, renew } = await leased(provider, 60, 60);
  const { data } = await ask(vault, 'auth/token/lookup-accessor', { accessor: handle['accessor'] });
  expect(data).toMatchObject({ explicit_max_ttl: 60, renewable: false });
  await expect(renew(60)).rejects.toMatchObject({ code: 'lease.not_renewable' });
});

test('through a token role, whose tokens Vault renews past their own maximum, nothing passes the ceiling either', async () => {
  const role = { allowedPolicies: ['reports'], orphan: true, renewable: true };
  const { vault, provider, world } = await open({ tokenRole: 'protem' }, { tokenRoles: { protem: role } });
  const { handle, renew } = await leased(provider, 60, 300);
  const by = { accessor: handle['accessor'], increment: '2h' };
  const start = world.now;
  await renew(120);
  expect(await ask(vault, 'auth/token/renew-accessor', by)).toMatchObject({ auth: { lease_duration: 7200 } });
  world.now += 100_000;
  expect(await renew(7200)).toEqual({ expiresAt: start + 300_000 });
  world.now = start + 299_500;
  await expect(renew(60)).rejects.toMatchObject({ code: 'lease.at_ceiling' });
});

test('a token role that makes tokens which cannot be renewed is good enough to issue', async () => {
  const role = { allowedPolicies: ['reports'], orphan: true, renewable: false };
  const { vault, provider } = await open({ tokenRole: 'protem' }, { tokenRoles: { protem: role } });
  const { secret, renew } = await leased(provider, 60, 600);
  expect(await connects(vault, secret)).toBe(true);
  await expect(renew(60)).rejects.toMatchObject({
    code: 'lease.not_renewable',
    reason: expect.stringContaining('renewable=true'),
  });
});

test('what was revoked is not renewed into life', async () => {
  const { vault, provider } = await open();
  const { handle, renew, secret } = await leased(provider, 60, 600);
  expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
  await expect(renew(60)).rejects.toMatchObject({ code: 'provider.refused' });
  expect(await connects(vault, secret)).toBe(false);
});

/** A Vault that answers to renewals as it is told. */
async function openRaw(answer: (heard: Heard) => Said) {
  const raw = await startRawVault((heard) =>
    heard.path === 'auth/token/lookup-self' ? lookupAnswer : answer(heard),
  );
  const provider = openVault(
    'vault',
    settings.parse({ address: raw.url, auth: { method: 'token', token: 'broker-token' } }),
  );
  closing.push(
    () => raw.close(),
    () => provider.close(),
  );
  const handle = {
    lease: 'lse_1',
    accessor: 'a',
    leaseId: 'database/creds/reports/x',
    renewableUntil: Date.now() + 600_000,
  };
  return { raw, renew: () => provider.renew!(orderOf(reports, 60), handle) };
}

const granted = (secretSeconds: number, tokenSeconds: number) => (heard: Heard) => ({
  status: 200,
  body:
    heard.path === 'sys/leases/renew'
      ? { lease_duration: secretSeconds }
      : { auth: { lease_duration: tokenSeconds } },
});

test('both are renewed by their names, the secret before its token, each for what was ordered', async () => {
  const { raw, renew } = await openRaw(granted(60, 60));
  await renew();
  const calls = raw.heard.filter(({ path }) => path.includes('renew')).map(({ path, body }) => [path, body]);
  expect(calls).toEqual([
    ['sys/leases/renew', { lease_id: 'database/creds/reports/x', increment: 60 }],
    ['auth/token/renew-accessor', { accessor: 'a', increment: '60s' }],
  ]);
});

test('an engine that keeps its own time ends with the token; a token without end is none that can be kept', async () => {
  const longer = await openRaw(granted(86_400, 60));
  expect((await longer.renew()).expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
  const endless = await openRaw(granted(60, 0));
  expect(await endless.renew()).toEqual({ expiresAt: Infinity });
});

test.each([
  ['past the max TTL, cannot renew', 'lease.at_ceiling'],
  ['lease is not renewable', 'lease.not_renewable'],
  ['lease not found', 'provider.refused'],
])('Vault that says "%s" means %s', async (text, code) => {
  const { renew } = await openRaw(() => ({ status: 400, body: { errors: [text] } }));
  await expect(renew()).rejects.toMatchObject({ code, reason: expect.stringContaining(text) });
});

test.each([
  ['no duration', { status: 200, body: {} }],
  ['a duration of 0 for the secret', { status: 200, body: { lease_duration: 0 } }],
])('%s is nonsense', async (_what, said) => {
  const { renew } = await openRaw(() => said);
  await expect(renew()).rejects.toMatchObject({ code: 'provider.nonsense' });
});
