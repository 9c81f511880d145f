import { afterEach, expect, test } from '@jest/globals';
import type { Handle, Provider } from '../../../../src/issuance/provider.js';
import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import type { VaultScope } from '../../../../src/issuance/providers/vault/scope.js';
import { settings } from '../../../../src/issuance/providers/vault/settings.js';
import { lookupAnswer, startRawVault, type Said } from './raw-vault.js';
import {
  connects,
  orderOf,
  parseSettings,
  reports,
  startSeeded,
  tokensOf,
  tokenWith,
} from './stand-in-broker.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(policies?: Record<string, string>) {
  const vault = await startSeeded(policies ? { policies } : {});
  const token = policies ? await tokenWith(vault, Object.keys(policies)) : vault.rootToken;
  const provider = openVault('vault', parseSettings(vault, { auth: { method: 'token', token } }));
  closing.push(
    () => vault.close(),
    () => provider.close(),
  );
  return { vault, provider };
}

async function issue(provider: Provider<VaultScope>, entry: Record<string, unknown> = reports) {
  const order = orderOf(entry);
  const handles: Handle[] = [provider.plan(order)];
  const issued = await provider.issue(order, handles[0]!, async (better) => void handles.push(better));
  return { order, handles, secret: issued.secret.reveal() };
}

const gone: Said = { status: 400, body: { errors: ['1 error occurred:\n\t* invalid accessor\n\n'] } };

/** A Vault whose answers to the three calls of a revocation are these. */
async function openRaw(answers: { revoke?: Said; token?: Said; lookup?: Said; list?: Said }) {
  const raw = await startRawVault(({ path }) => {
    if (path === 'auth/token/lookup-self') return lookupAnswer;
    if (path === 'sys/leases/revoke') return answers.revoke ?? { status: 204 };
    if (path === 'auth/token/revoke-accessor') return answers.token ?? { status: 204 };
    if (path === 'auth/token/lookup-accessor') return answers.lookup ?? gone;
    return answers.list ?? { status: 404, body: { errors: [] } };
  });
  const auth = { method: 'token', token: 'hvs.broker-token-0123456789' };
  const provider = openVault('vault', settings.parse({ address: raw.url, auth }));
  closing.push(raw.close, () => provider.close());
  return { raw, provider };
}

const handle = { lease: 'lse_00000000000000', accessor: 'accessor', leaseId: 'database/creds/reports/x' };

test('ISS-07 the lease is revoked first, synchronously, then its token, then Vault is asked whether it knows it', async () => {
  const { raw, provider } = await openRaw({});
  expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
  expect(raw.heard.slice(1).map(({ path, body }) => [path, body])).toEqual([
    ['sys/leases/revoke', { lease_id: handle.leaseId, sync: true }],
    ['auth/token/revoke-accessor', { accessor: 'accessor' }],
    ['auth/token/lookup-accessor', { accessor: 'accessor' }],
  ]);
});

test('a revocation that Vault only queued is pending', async () => {
  const { provider } = await openRaw({ revoke: { status: 202 } });
  expect(await provider.revoke(handle)).toEqual({ is: 'pending', againAfterSeconds: 1 });
});

test.each([
  ['OpenBao', { revoke: { status: 204 }, token: { status: 200, body: { warnings: ['No token found'] } } }],
  ['Vault', { revoke: { status: 400, body: { errors: ['lease not found'] } }, token: gone }],
  ['Vault with 403', { token: { ...gone, status: 403 }, lookup: { ...gone, status: 403 } }],
  [
    'Vault with 404',
    { revoke: { status: 404, body: { errors: ['invalid lease'] } }, lookup: { ...gone, status: 404 } },
  ],
])('what is already gone in the words of %s is success', async (_, answers) => {
  const { provider } = await openRaw(answers);
  expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
});

test.each([
  ['for the lease', { revoke: { status: 404, body: { errors: [] } } }],
  [
    'for the token',
    {
      token: { status: 404, body: { errors: ['no handler'] } },
      lookup: { status: 404, body: { errors: [] } },
    },
  ],
  ['for the look', { lookup: { status: 404, body: { errors: [] } } }],
  ['of a proxy', { revoke: { status: 404, body: '<html>not found</html>' } }],
])('a bare 404 %s is no success', async (_, answers) => {
  const { provider } = await openRaw(answers);
  await expect(provider.revoke(handle)).rejects.toMatchObject({
    name: 'Fault',
    code: expect.stringMatching(/^provider\./),
  });
});

const tokenNotFound: Said = { status: 400, body: { errors: ['token not found'] } };
const denied: Said = { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } };
const known: Said = { status: 200, body: { data: { meta: null } } };

test.each([
  ['revoked, but still known', {}, known],
  ['being revoked by another request', { token: tokenNotFound }, known],
  ['being revoked by another request, which hides it', { token: tokenNotFound }, denied],
])('a token that is %s is pending', async (_, answers, lookup) => {
  const { provider } = await openRaw({ ...answers, lookup });
  expect(await provider.revoke(handle)).toEqual({ is: 'pending', againAfterSeconds: 1 });
});

test('a token that nobody can find afterwards is revoked, whatever was answered', async () => {
  for (const token of [tokenNotFound, denied]) {
    const { provider } = await openRaw({ token });
    expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
  }
});

test('a broker that may not revoke tokens, or not look for them, is told so', async () => {
  for (const answers of [
    { token: denied, lookup: known },
    { token: denied, lookup: denied },
    { lookup: denied },
  ]) {
    const { provider } = await openRaw(answers);
    await expect(provider.revoke(handle)).rejects.toMatchObject({ code: 'provider.refused' });
  }
});

test('a lease that cannot be revoked does not save its token, and is a fault all the same', async () => {
  const { raw, provider } = await openRaw({
    revoke: { status: 400, body: { errors: ['failed to revoke entry: the database is down'] } },
  });
  await expect(provider.revoke(handle)).rejects.toMatchObject({
    code: 'provider.refused',
    reason: expect.stringMatching(/the database is down/),
  });
  expect(raw.heard.map(({ path }) => path)).toContain('auth/token/revoke-accessor');
});

test('I2 a lease whose accessor was never learned is found by its metadata', async () => {
  const { vault, provider } = await open();
  const other = await issue(provider);
  const { order, handles, secret } = await issue(provider);
  expect(await connects(vault, secret)).toBe(true);
  expect(await provider.revoke(handles[0]!)).toEqual({ is: 'revoked' });
  expect(await tokensOf(vault, order.leaseId)).toBe(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await connects(vault, secret)).toBe(false);
  expect(await connects(vault, other.secret)).toBe(true);
});

test('without the right to list accessors it stays pending, for it may be there', async () => {
  const { provider } = await open({
    broker: 'path "auth/token/create-orphan" { capabilities = ["update", "sudo"] }',
  });
  const { handles } = await issue(provider);
  expect(await provider.revoke(handles[0]!)).toEqual({ is: 'pending', againAfterSeconds: 60 });
});

test('a list that fails is a fault, not an empty list', async () => {
  const bare = { lease: handle.lease };
  for (const [list, code] of [
    [{ status: 503, body: { errors: ['Vault is sealed'] } }, 'provider.unavailable'],
    [{ status: 404, body: { errors: [] } }, 'provider.refused'],
    [{ status: 200, body: { data: {} } }, 'provider.nonsense'],
  ] as const) {
    const { provider } = await openRaw({ list });
    await expect(provider.revoke(bare)).rejects.toMatchObject({ code });
  }
});

test('a handle of another provider is refused', async () => {
  const { provider } = await openRaw({});
  await expect(provider.revoke({ role: 'arn:aws:iam::1:role/x' })).rejects.toMatchObject({
    code: 'internal',
  });
});
