import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { Fault } from '../../src/kernel/fault.js';
import { ProtemClient, ProtemFault } from '../../src/sdk/index.js';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import { clientOf } from './asking.js';

const credential = 'reports-reader';

async function opened(options: Parameters<typeof serving>[0] = {}) {
  const served = await serving(options);
  const client = clientOf(served.url);
  const task = await client.openTask({ intent: 'count', deadline: '1h' });
  return { served, client, task: task.id };
}

test('a lease is acquired, renewed, and given back when its block is left', async () => {
  const { served, client, task } = await opened();
  let id: string;
  {
    await using lease = await client.acquire({ task, credential, parameters: { limit: 3 }, ttl: '10m' });
    id = lease.id;
    expect(lease.secret.reveal()).toEqual({ AccessKeyId: 'pretended', SecretAccessKey: 'pretended' });
    expect(client.held).toEqual([lease]);
    await lease.renew({ ttl: '20m' });
    expect(lease.record.renewals).toBe(1);
  }
  expect(served.broker.leases.get(id)?.state).toBe('revoking');
  expect(client.held).toEqual([]);
});

test("a lease is given back when the work with it throws, and the work's own error is told", async () => {
  const { served, client, task } = await opened();
  const work = client.withLease({ task, credential }, async () => {
    throw new Error('no such table');
  });
  await expect(work).rejects.toThrow('no such table');
  expect([...served.broker.leases.values()].map(({ state }) => state)).toEqual(['revoking']);
});

test('giving back twice is giving back once', async () => {
  const { served, client, task } = await opened();
  const lease = await client.acquire({ task, credential });
  await Promise.all([lease.release(), lease.release('again')]);
  await lease.release();
  expect(served.broker.calls.filter(({ verb }) => verb === 'revokeLease')).toHaveLength(1);
});

test('a release that fails does not take away what the work has made, and is told', async () => {
  const revokeLease = async (): Promise<never> => {
    throw new Fault('lease.unknown', 'There is no lease of this id.');
  };
  const served = await serving({ broker: { revokeLease } });
  const told: unknown[] = [];
  const client = clientOf(served.url, { onReleaseFailed: (lease, error) => told.push(lease.id, error) });
  const task = await client.openTask({ intent: 'count', deadline: '1h' });
  expect(await client.withLease({ task: task.id, credential }, async () => 42)).toBe(42);
  expect(told).toEqual([expect.stringMatching(/^lse_/), expect.any(ProtemFault)]);
  expect(client.held).toHaveLength(1);
});

test('a task is ended as completed after its work, and as failed when the work throws', async () => {
  const { served, client } = await opened();
  await client.withTask({ intent: 'one', deadline: '1h' }, async ({ id }) => {
    await client.acquire({ task: id, credential });
  });
  expect(client.held).toEqual([]);
  const failing = client.withTask({ intent: 'two', deadline: '1h' }, async () => {
    throw new Error('broken');
  });
  await expect(failing).rejects.toThrow('broken');
  const ended = [...served.broker.tasks.values()].filter(({ state }) => state === 'ended');
  expect(new Set(ended.map(({ outcome }) => outcome))).toEqual(new Set(['completed', 'failed']));
});

test('a refusal is a typed fault with its remedy and the policies that decided', async () => {
  const grant = async (): Promise<never> => {
    throw new Fault('policy.denied', 'Not for this task.', { policies: ['only-finance'] });
  };
  const { client, task } = await opened({ broker: { grant } });
  const fault = await client.acquire({ task, credential }).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(ProtemFault);
  expect(fault).toMatchObject({
    code: 'policy.denied',
    status: 403,
    detail: 'Not for this task.',
    remedy: expect.stringContaining('policies'),
    retry: false,
    policies: ['only-finance'],
    instance: expect.stringMatching(/^req_/),
  });
});

test('nothing that the SDK hands out prints a secret or the token', async () => {
  const { client, task } = await opened();
  const lease = await client.acquire({ task, credential });
  const fault = await client.findTask('tsk_00000000').catch((error: unknown) => error);
  for (const what of [client, lease, fault, { lease }])
    for (const text of [inspect(what, { depth: 9, showHidden: true }), JSON.stringify(what), String(what)]) {
      expect(text).not.toContain('pretended');
      expect(text).not.toContain(agentToken);
    }
  expect(JSON.stringify({ lease })).toContain('[secret]');
});

test('the token is read anew for every request', async () => {
  const served = await serving();
  let reads = 0;
  const client = clientOf(served.url, { token: async () => (reads++ === 1 ? 'expired' : agentToken) });
  await client.catalog();
  await expect(client.catalog()).rejects.toMatchObject({ code: 'identity.unproven', status: 401 });
  expect(await client.catalog()).toHaveLength(1);
});

test('a list is read page by page', async () => {
  const { client } = await opened();
  const found: unknown[] = [];
  for await (const lease of client.list('/v1/leases', { page_size: 2 })) found.push(lease);
  expect(found).toEqual([]);
});

test.each([['ftp://broker'], ['https://user@broker'], ['https://broker?x=1'], ['broker']])(
  'the URL %j is refused before anything is sent',
  (url) => {
    expect(() => new ProtemClient({ url, token: 'x' })).toThrow(/URL/);
  },
);
