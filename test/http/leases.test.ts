import { expect, test } from '@jest/globals';
import type { Broker } from '../../src/broker/broker.js';
import { Secret } from '../../src/kernel/secret.js';
import { operatorToken } from '../fake/pretend-broker.js';
import { expectProblem, serving } from './serving.js';

async function withLease(instead: Partial<Broker> = {}) {
  const served = await serving({ broker: instead });
  const task = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const id = task.json['id'] as string;
  const grant = await served.call('POST', `/v1/tasks/${id}/credentials`, {
    body: { credential: 'reports-reader' },
  });
  const lease = grant.json['lease'] as Record<string, unknown>;
  return { ...served, task: id, lease, path: `/v1/leases/${lease['id'] as string}` };
}

test('a lease is seen without its secret and without its handle', async () => {
  const { call, path, lease } = await withLease();
  const { json, text } = await call('GET', path);
  expect(json).toEqual(lease);
  expect(text).not.toMatch(/pretended|handle|kept-to-itself/);
  expect((await call('GET', '/v1/leases')).json).toEqual({ items: [lease] });
});

test('a lease says how it ends', async () => {
  const { call, broker, lease, path } = await withLease();
  const id = lease['id'] as string;
  broker.leases.set(id, {
    ...broker.leases.get(id)!,
    state: 'stuck',
    cause: 'task_end',
    revocationRequestedAt: 1_893_456_060_000,
    attempts: 4,
    lastFault: 'provider.timeout',
  });
  const { json } = await call('GET', path);
  expect(json).toMatchObject({
    state: 'stuck',
    revocation: {
      effect: 'expires_only',
      cause: 'task_end',
      requestedAt: '2030-01-01T00:01:00.000Z',
      attempts: 4,
      lastFault: 'provider.timeout',
    },
  });
});

test('leases are filtered by what the query names', async () => {
  const { call, broker, task } = await withLease();
  const query = `state=active&task=${task}&agent=spiffe://test/agent&provider=aws&credential=reports-reader&effect=expires_only&page_size=5`;
  expect((await call('GET', `/v1/leases?${query}`, { token: operatorToken })).status).toBe(200);
  expect(broker.calls.findLast(({ verb }) => verb === 'listLeases')?.arguments[1]).toEqual({
    pageSize: 5,
    state: 'active',
    task,
    agent: 'spiffe://test/agent',
    provider: 'aws',
    entry: 'reports-reader',
    effect: 'expires_only',
  });
});

test.each(['state=gone', 'task=nonsense', 'effect=maybe', 'entry=reports-reader', 'page_size=-1'])(
  'a list of leases refuses ?%s',
  async (query) => {
    const { call } = await serving();
    expectProblem(await call('GET', `/v1/leases?${query}`), 'request.malformed');
  },
);

test('a lease is revoked, with or without a reason', async () => {
  const { call, broker, path } = await withLease();
  const answer = await call('POST', `${path}/revoke`, {
    token: operatorToken,
    body: { reason: 'left by mistake' },
  });
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ state: 'revoking', revocation: { cause: 'operator' } });
  expect(broker.calls.findLast(({ verb }) => verb === 'revokeLease')?.arguments[2]).toBe('left by mistake');
  expect((await call('POST', `${path}/revoke`)).status).toBe(200);
});

test('a lease is renewed, and its new end is shown', async () => {
  const { call, broker, path, lease } = await withLease();
  const answer = await call('POST', `${path}/renew`, {
    body: { ttl: '30m', reason: 'not done yet' },
    headers: { 'idempotency-key': 'once' },
  });
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    lease: {
      ...lease,
      expiresAt: '2030-01-01T00:30:00.000Z',
      renewedAt: '2030-01-01T00:00:00.000Z',
      renewals: 1,
    },
  });
  expect(broker.calls.findLast(({ verb }) => verb === 'renew')?.arguments.slice(1)).toEqual([
    { lease: lease['id'], ttlSeconds: 1800, reason: 'not done yet' },
    'once',
  ]);
  expect((await call('POST', `${path}/renew`)).status).toBe(200);
});

test('a new secret of a renewal is shown, and nothing may keep it', async () => {
  const secret = new Secret({ AccessKeyId: 'another' });
  const { call, broker, lease, path } = await withLease({
    renew: async (_principal, { lease: id }) => ({ lease: broker.leases.get(id)!, secret }),
  });
  const answer = await call('POST', `${path}/renew`);
  expect(answer.json).toEqual({ lease, secret: { AccessKeyId: 'another' } });
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test.each(['0s', '-1m', '1.5h', '', '5', 300, '99999999999999d', null])(
  'a renewal for %j is refused',
  async (ttl) => {
    const { call, broker, path } = await withLease();
    const answer = await call('POST', `${path}/renew`, { body: { ttl } });
    expectProblem(answer, 'ttl.invalid');
    expect(broker.calls.some(({ verb }) => verb === 'renew')).toBe(false);
  },
);

test.each(['lse_00000000000000', 'nonsense', 'constructor'])('there is no lease %s', async (id) => {
  const { call } = await serving();
  expectProblem(await call('GET', `/v1/leases/${id}`), 'lease.unknown');
  expectProblem(await call('POST', `/v1/leases/${id}/revoke`), 'lease.unknown');
  expectProblem(await call('POST', `/v1/leases/${id}/renew`), 'lease.unknown');
});

test('revoking a task can be previewed, and then done', async () => {
  const { call, broker, task, lease } = await withLease();
  const preview = await call('POST', '/v1/revocations', {
    token: operatorToken,
    body: { task, dryRun: true },
  });
  expect(preview.status).toBe(200);
  expect(preview.json).toMatchObject({ dryRun: true, total: 1, byProvider: { aws: 1 }, leases: [lease] });
  const done = await call('POST', '/v1/revocations', {
    token: operatorToken,
    body: { task, reason: 'leaked' },
  });
  expect(done.status).toBe(202);
  expect(done.json).toMatchObject({ dryRun: false, revocation: { scope: { of: 'task', name: task } } });
  expect(broker.calls.findLast(({ verb }) => verb === 'revokeMany')?.arguments[1]).toEqual({
    scope: { of: 'task', name: task },
    block: true,
    reason: 'leaked',
  });
});

test.each([
  ['agent', 'spiffe://test/agent', 'agent'],
  ['owner', 'team-a', 'owner'],
  ['provider', 'aws', 'provider'],
  ['credential', 'reports-reader', 'entry'],
  ['issuer', 'https://issuer.test', 'issuer'],
  ['all', true, 'all'],
])('REV-06: everything of one %s is blocked and revoked', async (field, value, of) => {
  const { call } = await serving();
  const { status, json } = await call('POST', '/v1/revocations', {
    token: operatorToken,
    body: { [field]: value, reason: 'drill' },
  });
  expect(status).toBe(202);
  const scope = { of, name: value === true ? '' : value };
  expect(json).toMatchObject({ revocation: { scope }, block: { scope, reason: 'drill' } });
});

test.each([
  ['nothing', {}],
  ['everything at once', { task: '*' }],
  ['two things', { agent: 'a', provider: 'aws' }],
  ['all that is false', { all: false }],
  ['a dry run that is a word', { task: 'tsk_00000000', dryRun: 'yes' }],
])('a revocation of %s is refused', async (_what, body) => {
  const { call, broker } = await serving();
  expectProblem(await call('POST', '/v1/revocations', { token: operatorToken, body }), 'request.malformed');
  expect(broker.calls.some(({ verb }) => verb === 'revokeMany')).toBe(false);
});

test('the catalog says what may be asked for, and not what is minted', async () => {
  const { call } = await serving();
  const { json, text } = await call('GET', '/v1/catalog');
  expect(json).toMatchObject({
    items: [
      {
        name: 'reports-reader',
        maximumTtl: '1h',
        defaultTtl: '15m',
        parameters: { prefix: { type: 'path', within: 'reports/' } },
      },
    ],
  });
  expect(text).not.toMatch(/mint|kept-to-itself/);
});

test.each([
  ['lease', 'lse_00000000000000'],
  ['task', 'tsk_00000000'],
  ['agent', 'spiffe://test/agent'],
])('the audit log is read by %s', async (by, subject) => {
  const { call, broker } = await serving();
  const { status, json } = await call('GET', `/v1/audit?${by}=${subject}&page_token=abc`, {
    token: operatorToken,
  });
  expect(status).toBe(200);
  expect(json).toMatchObject({
    items: [
      {
        seq: 1,
        at: '2030-01-01T00:00:00.000Z',
        event: { type: 'identity.refused', reason: 'expired', count: 1 },
      },
    ],
  });
  expect(broker.calls.findLast(({ verb }) => verb === 'readAudit')?.arguments[1]).toEqual({
    pageSize: 50,
    pageToken: 'abc',
    subject,
  });
});

test('the audit log has one subject at a time', async () => {
  const { call } = await serving();
  const query = 'task=tsk_00000000&agent=spiffe://test/agent';
  expectProblem(await call('GET', `/v1/audit?${query}`, { token: operatorToken }), 'request.malformed');
});
