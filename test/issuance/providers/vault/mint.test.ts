import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { authAnswer } from './raw-vault.js';
import { ask, connects, orderOf, reports, tokensOf } from './stand-in-broker.js';
import { issue, open, openRaw } from './minting.js';

test('the token of a lease carries its lease, task, agent and entry, its end, its ceiling, and no policy but those of the entry', async () => {
  const { vault, provider } = await open();
  const order = orderOf(reports, 600);
  const { last } = await issue(provider, order);
  const { data } = await ask(vault, 'auth/token/lookup-accessor', { accessor: last['accessor'] });
  expect(data).toMatchObject({
    meta: { lease: order.leaseId, task: order.taskId, agent: order.agent, entry: order.entry },
    display_name: `token-${order.leaseId.replace('_', '-')}`,
    policies: ['reports'],
    creation_ttl: 600,
    explicit_max_ttl: 3600,
    renewable: true,
    orphan: true,
  });
});

test('the accessor is learned before anything is read, and the lease id before anything is handed over', async () => {
  const { vault, provider } = await open();
  await provider.check();
  const before = vault.calls();
  const order = orderOf(reports);
  const { learned } = await issue(provider, order, () => vault.calls() - before);
  expect(learned).toEqual([
    {
      handle: { lease: order.leaseId, accessor: expect.any(String), renewableUntil: expect.any(Number) },
      calls: 1,
    },
    {
      handle: {
        lease: order.leaseId,
        accessor: expect.any(String),
        renewableUntil: expect.any(Number),
        leaseId: expect.stringMatching(/^database\/creds\/reports\//),
      },
      calls: 2,
    },
  ]);
});

test('the secret is read with the token of the lease, never with that of the broker', async () => {
  const { raw, provider } = await openRaw(({ path }) =>
    path === 'auth/token/create-orphan'
      ? authAnswer()
      : { status: 200, body: { lease_id: 'x/y', lease_duration: 60, data: { username: 'u' } } },
  );
  await issue(provider, orderOf(reports));
  const used = Object.fromEntries(raw.heard.map(({ path, headers }) => [path, headers['x-vault-token']]));
  expect(used).toMatchObject({
    'auth/token/create-orphan': 'hvs.broker-token-0123456789',
    'database/creds/reports': 'hvs.token-of-the-lease-0123456789',
  });
});

test('ISS-01 the lease ends with whatever ends first: the token, or the lease that Vault gave', async () => {
  const short = await open({}, { databaseRoles: { reports: { ttlSeconds: 60 } } });
  const before = Date.now();
  const { issued } = await issue(short.provider, orderOf(reports, 900));
  expect(issued.expiresAt! - before).toBeGreaterThanOrEqual(60_000);
  expect(issued.expiresAt! - Date.now()).toBeLessThanOrEqual(60_000);
  const { issued: longer } = await issue((await open()).provider, orderOf(reports, 900));
  expect(longer.expiresAt! - Date.now()).toBeLessThanOrEqual(900_000);
  expect(longer.expiresAt! - before).toBeGreaterThanOrEqual(900_000);
});

test('a value that Vault keeps no lease for is refused, and the token that read it is revoked', async () => {
  const { vault, provider } = await open();
  for (const path of ['kv/app', 'secret/data/app']) {
    const order = orderOf({ policies: ['config'], path });
    await expect(issue(provider, order)).rejects.toMatchObject({
      code: 'provider.refused',
      reason: expect.stringMatching(/static/),
    });
    expect(await tokensOf(vault, order.leaseId)).toBe(0);
  }
});

test('with "static" it is handed out, and everything says that it only expires', async () => {
  const { vault, provider } = await open();
  const order = orderOf({ policies: ['config'], path: 'secret/data/app', static: true });
  expect(provider.effect(order.scope)).toBe('expires_only');
  const { issued, secret, last } = await issue(provider, order);
  expect(secret).toMatchObject({ data: { password: 'kv-two-password' } });
  expect(issued.expiresAt).toBeUndefined();
  expect(await provider.revoke(last)).toEqual({ is: 'expires' });
  expect(await tokensOf(vault, order.leaseId)).toBe(0);
});

test('a wrapped secret is unwrapped once, and its lease is known all the same', async () => {
  const { vault, provider } = await open();
  const { secret, last, issued } = await issue(
    provider,
    orderOf({ ...reports, deliver: 'wrapped', wrapTtl: '2m' }),
  );
  expect(secret).toEqual({ wrappingToken: expect.any(String), wrapTtlSeconds: 120 });
  expect(inspect(issued, { depth: Infinity, showHidden: true })).not.toContain(secret['wrappingToken']);
  const unwrap = () => ask(vault, 'sys/wrapping/unwrap', {}, String(secret['wrappingToken']));
  const { data } = await unwrap();
  expect(await connects(vault, data as Record<string, unknown>)).toBe(true);
  expect((await unwrap()).status).toBe(400);
  expect(await provider.revoke(last)).toEqual({ is: 'revoked' });
  expect(await connects(vault, data as Record<string, unknown>)).toBe(false);
});

test('a wrapped secret that nobody has opened is gone with its lease', async () => {
  const { vault, provider } = await open();
  const order = orderOf({ ...reports, deliver: 'wrapped' }, 60);
  const { secret, last } = await issue(provider, order);
  expect(secret['wrapTtlSeconds']).toBe(60);
  await provider.revoke(last);
  expect((await ask(vault, 'sys/wrapping/unwrap', {}, String(secret['wrappingToken']))).status).toBe(400);
  expect(await tokensOf(vault, order.leaseId)).toBe(0);
});

test('I2 what cannot be written down is taken back at once, by the only one who knows its name', async () => {
  const { vault, provider } = await open();
  for (const lost of [1, 2, 3]) {
    const order = orderOf({ ...reports, deliver: 'wrapped' });
    let learned = 0;
    const issuing = provider.issue(order, provider.plan(order), async () => {
      if (++learned === lost) throw new Error('the store is gone');
    });
    await expect(issuing).rejects.toThrow('the store is gone');
    expect(await tokensOf(vault, order.leaseId)).toBe(0);
    expect(vault.databaseUsers()).toEqual([]);
  }
});

test('what is written to a path goes there as it stands in the entry', async () => {
  const { raw, provider } = await openRaw(({ path }) =>
    path === 'auth/token/create-orphan'
      ? authAnswer()
      : { status: 200, body: { lease_id: 'pki/x', lease_duration: 60, data: { certificate: 'c' } } },
  );
  const data = { common_name: 'a.example', ttl: '5m', ip_sans: ['10.0.0.1'] };
  await issue(provider, orderOf({ policies: ['pki'], path: 'pki/issue/web', method: 'write', data }));
  expect(raw.heard.at(-1)).toMatchObject({ method: 'POST', path: 'pki/issue/web', body: data });
});

test('a path that leaves its place is refused before anything is called', async () => {
  const { vault, provider } = await open();
  const before = vault.calls();
  await expect(
    issue(provider, orderOf({ ...reports, path: 'database/../sys/mounts' })),
  ).rejects.toMatchObject({
    code: 'credential.parameters',
  });
  await expect(issue(provider, orderOf(reports, 3_000_000))).rejects.toMatchObject({ code: 'ttl.invalid' });
  expect(vault.calls()).toBe(before);
});

test('I5 below another task the same entry is minted, and nothing else', async () => {
  const { vault, provider } = await open();
  const above = { taskId: 'tsk_aaaaaaaa', scope: orderOf(reports).scope };
  const before = vault.calls();
  const other = { ...orderOf({ ...reports, policies: ['payments-admin'] }), within: [above] };
  await expect(issue(provider, other)).rejects.toMatchObject({ code: 'credential.wider' });
  expect(vault.calls()).toBe(before);
  await issue(provider, { ...orderOf(reports), within: [above] });
});

test('I5 below another task a path of the folder that was delegated is read, and none beside it', async () => {
  const { provider } = await open();
  const of = (path: string) => orderOf({ ...reports, path });
  const within = [{ taskId: 'tsk_aaaaaaaa', scope: of('database/creds').scope }];
  await issue(provider, { ...of('database/creds/reports'), within });
  for (const path of ['database/credsx/reports', 'database/roles/reports', 'database'])
    await expect(issue(provider, { ...of(path), within })).rejects.toMatchObject({
      code: 'credential.wider',
    });
});

test.each([
  ['a child of the broker token', { orphan: false }, /orphan=true/],
  ['renewable, when it was not to be', { renewable: true }, /ordered not to be/],
  ['longer than ordered', { lease_duration: 2_764_800 }, /token_period/],
  ['without end', { lease_duration: 0 }, /token_period/],
  ['a batch token, which nothing can revoke', { token_type: 'batch', accessor: '' }, /token_type=service/],
])('a token that is %s is not used, and is revoked where it can be', async (_, odd, reason) => {
  const { raw, provider } = await openRaw(({ path }) =>
    path.startsWith('auth/token/create') ? authAnswer(odd) : { status: 204 },
  );
  const order = { ...orderOf(reports), ceilingSeconds: 900 };
  await expect(issue(provider, order)).rejects.toMatchObject({
    code: 'provider.refused',
    reason: expect.stringMatching(reason),
  });
  const paths = raw.heard.map(({ path }) => path);
  expect(paths).not.toContain('database/creds/reports');
  if (!('accessor' in odd)) expect(paths).toContain('auth/token/revoke-accessor');
});

test('a token role narrows what an entry may name, and one that makes children is found out', async () => {
  const role = { allowedPolicies: ['config'], renewable: false };
  const { vault, provider } = await open(
    { tokenRole: 'protem' },
    { tokenRoles: { protem: { ...role, orphan: false } } },
  );
  await expect(issue(provider, orderOf(reports))).rejects.toMatchObject({
    code: 'provider.refused',
    reason: expect.stringMatching(/must be subset of the role's allowed policies/),
  });
  const order = orderOf({ policies: ['config'], deliver: 'token' });
  await expect(issue(provider, order)).rejects.toMatchObject({
    code: 'provider.refused',
    reason: expect.stringMatching(/orphan=true/),
  });
  expect(await tokensOf(vault, order.leaseId)).toBe(0);
});

test.each([
  ['no token', { status: 200, body: { auth: null } }],
  ['a token without an accessor', { status: 200, body: { auth: { client_token: 'x', lease_duration: 1 } } }],
  ['an empty answer', { status: 204 }],
])('%s where a token should be is nonsense', async (_, said) => {
  const { provider } = await openRaw(() => said);
  await expect(issue(provider, orderOf(reports))).rejects.toMatchObject({ code: 'provider.nonsense' });
});

test('a secret without data is nonsense', async () => {
  const { provider } = await openRaw(({ path }) =>
    path.startsWith('auth/token/create')
      ? authAnswer()
      : { status: 200, body: { lease_id: 'a/b', data: null } },
  );
  await expect(issue(provider, orderOf(reports))).rejects.toMatchObject({ code: 'provider.nonsense' });
});
