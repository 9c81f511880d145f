import { afterEach, expect, test } from '@jest/globals';
import { request } from 'undici';
import {
  startVaultStandIn,
  type VaultStandIn,
  type VaultStandInOptions,
} from '../../../src/sandbox/vault/stand-in.js';
import { ask, connects, startSeeded } from '../../issuance/providers/vault/stand-in-broker.js';

const open: VaultStandIn[] = [];
afterEach(async () => {
  for (const vault of open.splice(0)) await vault.close();
});

async function start(options: VaultStandInOptions = {}) {
  const world = { now: Date.UTC(2026, 0, 1) };
  const vault = await startSeeded({ clock: () => world.now, ...options });
  open.push(vault);
  return { vault, world };
}

type Auth = { client_token: string; accessor: string; lease_duration: number };

async function createToken(vault: VaultStandIn, body: object, token?: string): Promise<Auth> {
  const answer = await ask(vault, 'auth/token/create-orphan', body, token);
  expect(answer.status).toBe(200);
  return answer['auth'] as Auth;
}

async function leaseUser(vault: VaultStandIn, token: string) {
  const answer = await ask(vault, 'database/creds/reports', undefined, token);
  expect(answer.status).toBe(200);
  return { user: answer['data'] as Record<string, unknown>, leaseId: String(answer['lease_id']) };
}

test('a leased user gets into the database until the lease is revoked', async () => {
  const { vault } = await start();
  const { client_token } = await createToken(vault, { policies: ['reports'], ttl: '15m' });
  const { user, leaseId } = await leaseUser(vault, client_token);
  expect(await connects(vault, user)).toBe(true);
  expect(await connects(vault, { ...user, password: 'guessed' })).toBe(false);
  expect((await ask(vault, 'sys/leases/revoke', { lease_id: leaseId, sync: true })).status).toBe(204);
  expect(await connects(vault, user)).toBe(false);
});

test('without "sync" a revocation is queued, and is done soon after', async () => {
  const { vault } = await start();
  const { user, leaseId } = await leaseUser(vault, vault.rootToken.reveal());
  expect((await ask(vault, 'sys/leases/revoke', { lease_id: leaseId })).status).toBe(202);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await connects(vault, user)).toBe(false);
});

test('leases die with the token that asked for them', async () => {
  const { vault } = await start();
  const { client_token, accessor } = await createToken(vault, { policies: ['reports'], ttl: '15m' });
  const { user } = await leaseUser(vault, client_token);
  expect((await ask(vault, 'auth/token/revoke-accessor', { accessor })).status).toBe(204);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await connects(vault, user)).toBe(false);
  expect((await ask(vault, 'database/creds/reports', undefined, client_token)).status).toBe(403);
});

test('a token and its leases end by themselves, to the second', async () => {
  const { vault, world } = await start();
  const { client_token } = await createToken(vault, { policies: ['reports'], ttl: '60s' });
  const { user } = await leaseUser(vault, client_token);
  world.now += 59_999;
  expect(await connects(vault, user)).toBe(true);
  world.now += 1;
  expect(await connects(vault, user)).toBe(false);
  expect((await ask(vault, 'database/creds/reports', undefined, client_token)).status).toBe(403);
});

test('renewing never passes explicit_max_ttl', async () => {
  const { vault, world } = await start();
  const made = { policies: ['reports', 'default'], ttl: '60s', explicit_max_ttl: '90s', renewable: true };
  const { client_token } = await createToken(vault, made);
  world.now += 50_000;
  const { auth } = await ask(vault, 'auth/token/renew-self', { increment: '10m' }, client_token);
  expect((auth as Auth).lease_duration).toBe(40);
  world.now += 40_000;
  expect((await ask(vault, 'auth/token/lookup-self', undefined, client_token)).status).toBe(403);
});

test('children end with their parent, orphans do not', async () => {
  const { vault } = await start();
  const parent = await createToken(vault, { policies: ['maker'], ttl: '1h' });
  await ask(vault, 'sys/policies/acl/maker', {
    policy: 'path "auth/token/*" { capabilities = ["update", "sudo"] }',
  });
  const child = await ask(vault, 'auth/token/create', { ttl: '1h' }, parent.client_token);
  const orphan = await createToken(vault, { policies: ['default'], ttl: '1h' }, parent.client_token);
  await ask(vault, 'auth/token/revoke-accessor', { accessor: parent.accessor });
  const self = async (token: string) => (await ask(vault, 'auth/token/lookup-self', undefined, token)).status;
  expect(await self((child['auth'] as Auth).client_token)).toBe(403);
  expect(await self(orphan.client_token)).toBe(200);
});

test('a token can do what its policies say, and nothing else', async () => {
  const { vault } = await start();
  const { client_token } = await createToken(vault, {
    policies: ['config'],
    ttl: '1h',
    no_default_policy: true,
  });
  const status = async (path: string, body?: object) => (await ask(vault, path, body, client_token)).status;
  expect(await status('kv/app')).toBe(200);
  expect(await status('secret/data/app')).toBe(200);
  expect(await status('database/creds/reports')).toBe(403);
  expect(await status('auth/token/lookup-self')).toBe(403);
  expect(await status('auth/token/create-orphan', { policies: ['config'] })).toBe(403);
  expect(await status('auth/token/accessors?list=true')).toBe(403);
});

test('logging in needs the right secret', async () => {
  const role = { roleId: 'r', secretId: 's', policies: ['reports'], ttlSeconds: 60 };
  const { vault } = await start({ appRoles: [role] });
  const login = (body: object) => ask(vault, 'auth/approle/login', body, '');
  const { auth } = await login({ role_id: 'r', secret_id: 's' });
  expect((await ask(vault, 'database/creds/reports', undefined, (auth as Auth).client_token)).status).toBe(
    200,
  );
  expect((await login({ role_id: 'r', secret_id: 'other' })).status).toBe(400);
  expect((await login({})).status).toBe(400);
});

test('a wrapping token opens once, and is good for nothing else', async () => {
  const { vault, world } = await start();
  const wrap = async () => {
    const answer = await request(`${vault.url}/v1/sys/wrapping/wrap`, {
      reset: true,
      method: 'POST',
      headers: { 'X-Vault-Token': vault.rootToken.reveal(), 'X-Vault-Wrap-TTL': '60s' },
      body: JSON.stringify({ inside: 'value' }),
    });
    const { wrap_info } = (await answer.body.json()) as { wrap_info: { token: string } };
    return wrap_info.token;
  };
  const token = await wrap();
  expect((await ask(vault, 'kv/app', undefined, token)).status).toBe(403);
  expect(await ask(vault, 'sys/wrapping/unwrap', {}, token)).toMatchObject({ data: { inside: 'value' } });
  expect((await ask(vault, 'sys/wrapping/unwrap', {}, token)).status).toBe(400);
  const late = await wrap();
  world.now += 60_000;
  expect((await ask(vault, 'sys/wrapping/unwrap', {}, late)).status).toBe(400);
});

test('a fault strikes the requests it is meant for, as often as it is meant to', async () => {
  const { vault } = await start();
  vault.setFault({ kind: 'error', path: /^kv\//, after: 1, times: 1 });
  const statuses = [];
  for (const path of ['kv/app', 'secret/data/app', 'kv/app', 'kv/app'])
    statuses.push((await ask(vault, path)).status);
  expect(statuses).toEqual([200, 200, 500, 200]);
  vault.setFault({ kind: 'forbidden' });
  expect((await ask(vault, 'kv/app')).status).toBe(403);
  vault.setFault(undefined);
  expect((await ask(vault, 'kv/app')).status).toBe(200);
});

test('a dropped answer is of work that was done', async () => {
  const { vault } = await start();
  vault.setFault({ kind: 'drop', times: 1 });
  await expect(ask(vault, 'database/creds/reports')).rejects.toThrow();
  expect(vault.databaseUsers()).toHaveLength(1);
});

test('what is not JSON, and what is not there, is refused like Vault does', async () => {
  const { vault } = await start();
  const answer = await request(`${vault.url}/v1/sys/leases/revoke`, {
    reset: true,
    method: 'POST',
    headers: { 'X-Vault-Token': vault.rootToken.reveal() },
    body: '{"lease_id":',
  });
  expect(answer.statusCode).toBe(400);
  await answer.body.dump();
  expect((await ask(vault, 'nothing/here')).status).toBe(404);
  expect((await ask(vault, 'sys/policies/acl/odd', { policy: 'path {' })).status).toBe(400);
  await expect(ask(vault, 'kv/%E0%A4%A')).rejects.toThrow();
  expect((await ask(vault, 'kv/app')).status).toBe(200);
  expect((await ask(vault, 'sys/health', undefined, '')).status).toBe(200);
});

test('a policy that the stand-in cannot read stops it from starting', async () => {
  const policy = 'path "a" { capabilities = ["read"] min_wrapping_ttl = "1m" }';
  await expect(startVaultStandIn({ policies: { odd: policy } })).rejects.toThrow(
    'not understood in a policy',
  );
});

test('a port that is taken is said, and nothing is left running', async () => {
  const { vault } = await start();
  const port = Number(new URL(vault.url).port);
  await expect(startVaultStandIn({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
