import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { openVault } from '../../../../src/issuance/providers/vault/index.js';
import { ask, orderOf, parseSettings, reports, startSeeded } from './stand-in-broker.js';
import { closed, issue, open } from './minting.js';

test('the broker logs in again, once, when Vault no longer knows its token', async () => {
  const appRole = { roleId: 'role', secretId: 'secret-id', policies: ['broker'], ttlSeconds: 1200 };
  const vault = await startSeeded({
    policies: { broker: 'path "auth/token/create-orphan" { capabilities = ["update", "sudo"] }' },
    appRoles: [appRole],
  });
  let now = Date.now();
  const auth = { method: 'approle', roleId: 'role', secretId: 'secret-id' };
  const world = { clock: () => now, readText: async () => '', later: () => () => {} };
  const provider = openVault('vault', parseSettings(vault, { auth }), world);
  closed(
    () => vault.close(),
    () => provider.close(),
  );
  await issue(provider, orderOf(reports));

  const { data } = await ask(vault, 'auth/token/accessors?list=true');
  for (const accessor of (data as { keys: string[] }).keys) {
    const token = await ask(vault, 'auth/token/lookup-accessor', { accessor });
    const { path } = token['data'] as { path: string };
    if (path === 'auth/approle/login') await ask(vault, 'auth/token/revoke-accessor', { accessor });
  }
  await expect(issue(provider, orderOf(reports))).rejects.toMatchObject({ code: 'provider.refused' });
  now += 60_000;
  const before = vault.calls();
  await issue(provider, orderOf(reports));
  // Refused, logged in, created, read.
  expect(vault.calls() - before).toBe(4);
});

test('a broker that lost its token gets one for the next lease without failing the others', async () => {
  const { vault, provider } = await open();
  const all = await Promise.all(Array.from({ length: 20 }, () => issue(provider, orderOf(reports))));
  expect(new Set(all.map(({ last }) => last['leaseId'])).size).toBe(20);
  expect(vault.databaseUsers()).toHaveLength(20);
});

test('the service account file is read again at every login', async () => {
  const account = { role: 'protem', policies: ['reports'], ttlSeconds: 1200, jwt: 'second-token' };
  const vault = await startSeeded({ serviceAccounts: [account] });
  const tokens = ['first-token\n', 'second-token\n'];
  const paths: string[] = [];
  const provider = openVault(
    'vault',
    parseSettings(vault, { auth: { method: 'kubernetes', role: 'protem' } }),
    {
      clock: Date.now,
      later: () => () => {},
      readText: async (path) => {
        paths.push(path);
        return tokens.shift() ?? '';
      },
    },
  );
  closed(
    () => vault.close(),
    () => provider.close(),
  );
  const first = await provider.check().catch((error: unknown) => error);
  expect(first).toMatchObject({ code: 'provider.refused' });
  expect(inspect(first, { depth: Infinity })).not.toContain('first-token');
  await expect(provider.check()).rejects.toMatchObject({ reason: expect.stringMatching(/lack "update"/) });
  expect(paths).toEqual(Array(2).fill('/var/run/secrets/kubernetes.io/serviceaccount/token'));
});

test('a token file that is not there is said in the reason', async () => {
  const { provider } = await open({ auth: { method: 'jwt', role: 'protem', tokenFile: '/nowhere/token' } });
  await expect(provider.check()).rejects.toMatchObject({
    code: 'provider.unavailable',
    reason: 'the token file /nowhere/token cannot be read',
  });
});
