import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openVault } from '../../src/issuance/providers/vault/index.js';
import { settings } from '../../src/issuance/providers/vault/settings.js';
import type { Provider } from '../../src/issuance/provider.js';
import type { VaultScope } from '../../src/issuance/providers/vault/scope.js';
import { orderOf } from '../issuance/providers/vault/stand-in-broker.js';
import type { OpenBao } from './openbao.js';
import type { Login, Postgres } from './postgres.js';
import { openbaoCanRun, startSeededOpenBao, type SeededOpenBao } from './seeded-openbao.js';

const runs = openbaoCanRun('sessions of leased PostgreSQL users');

(runs ? describe : describe.skip)('a leased PostgreSQL user', () => {
  let seeded: SeededOpenBao;
  let openbao: OpenBao;
  let postgres: Postgres;
  let provider: Provider<VaultScope>;
  beforeAll(async () => {
    seeded = await startSeededOpenBao();
    ({ openbao, postgres } = seeded);
    const auth = { method: 'token', token: openbao.rootToken };
    provider = openVault('openbao', settings.parse({ address: openbao.url, auth }));
  }, 60_000);
  afterAll(async () => {
    await provider?.close();
    await seeded?.close();
  });

  async function lease(role: string, ttlSeconds = 900) {
    const policy = `sys-${role}`;
    await openbao.write(`sys/policies/acl/${policy}`, {
      policy: `path "database/creds/${role}" { capabilities = ["read"] }`,
    });
    const order = orderOf({ policies: [policy], path: `database/creds/${role}` }, ttlSeconds);
    let handle = provider.plan(order);
    const issued = await provider.issue(order, handle, async (better) => void (handle = better));
    const renew = (seconds: number) => provider.renew!({ ...order, ttlSeconds: seconds }, handle);
    return { handle, issued, renew, login: issued.secret.reveal() as unknown as Login };
  }

  test('reads the table while leased; after revocation it cannot log in, and an open session reads nothing', async () => {
    const { handle, login } = await lease('reports');
    const session = postgres.session(login);
    expect(await session.run('select line from report')).toBe('forty-two');
    expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
    expect(postgres.connects(login)).toBe(false);
    // PostgreSQL drops the role with its grants, and leaves a session that is open without any right on the table.
    expect(await session.run('select line from report')).toContain('ERROR');
    expect(await session.run('select 1')).toBe('1');
    await session.end();
  });

  test('with revocation statements that end them, its open sessions are cut off too', async () => {
    await openbao.write('database/roles/sessions', {
      db_name: 'reports',
      creation_statements: [
        `create role "{{name}}" with login password '{{password}}' valid until '{{expiration}}'`,
        `grant select on report to "{{name}}"`,
      ],
      revocation_statements: [
        `alter role "{{name}}" nologin`,
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = '{{name}}'`,
        `drop owned by "{{name}}"`,
        `drop role "{{name}}"`,
      ],
      default_ttl: '1h',
    });
    const { handle, login } = await lease('sessions');
    const session = postgres.session(login);
    expect(await session.run('select line from report')).toBe('forty-two');
    expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
    expect(await session.run('select 1')).toMatch(/terminat|closed|lost/);
    expect(postgres.connects(login)).toBe(false);
  });

  test('I3 a user whose lease nobody revokes is gone when its token ends', async () => {
    const { issued, login } = await lease('reports', 2);
    expect(issued.expiresAt).toBeLessThanOrEqual(Date.now() + 2000);
    expect(postgres.connects(login)).toBe(true);
    let inside = true;
    for (let tries = 0; inside && tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      inside = postgres.connects(login);
    }
    expect(inside).toBe(false);
    expect(postgres.sql(`select 1 from pg_roles where rolname = '${login.username}'`)).toEqual([]);
  });

  test('a user that is renewed outlives its first end, and is gone at the renewed one', async () => {
    const { issued, renew, login } = await lease('reports', 2);
    const renewed = await renew(4);
    expect(renewed.expiresAt).toBeGreaterThan(issued.expiresAt! + 1000);
    const exists = () =>
      postgres.sql(`select 1 from pg_roles where rolname = '${login.username}'`).length > 0;
    while (exists()) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Date.now()).toBeGreaterThan(issued.expiresAt! + 500);
    expect(postgres.connects(login)).toBe(false);
    await expect(renew(4)).rejects.toMatchObject({ name: 'Fault' });
  });

  test('a revocation that the database refuses is a fault, and succeeds once the database lets it', async () => {
    const { handle, login } = await lease('reports');
    // What belongs to the user keeps it from being dropped.
    postgres.sql(`create table kept (line text); alter table kept owner to "${login.username}"`);
    await expect(provider.revoke(handle)).rejects.toMatchObject({ name: 'Fault' });
    postgres.sql('drop table kept');
    expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
    expect(postgres.connects(login)).toBe(false);
  });
});
