import { beforeEach, describe, expect, test } from '@jest/globals';
import { grant } from '../../src/broker/grant.js';
import { endTask, openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Policy } from '../../src/policy/decision.js';
import {
  admin,
  agent,
  brokerPorts,
  entry,
  orchestrator,
  otherAgent,
  permitting,
  policyOf,
} from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { opening, request, until } from './granting.js';

let ledger: Ledger;
let provider: PretendProvider;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  provider = pretendProvider();
});

const eventsOf = async (task: string) =>
  (await ledger.log.read({ subject: task, pageSize: 100 })).items.map((record) => record.event);

describe('granting', () => {
  test('I1: the lease and its history are durable when the secret is handed over', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    const { lease, secret } = await grant(
      ports,
      agent,
      request(task.id, { ttlSeconds: 60, tool: 't', reason: 'r' }),
    );
    expect(secret.reveal()).toEqual({ password: `pw-of-${lease.id}` });
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'active', handle: { learned: true } });
    expect((await eventsOf(task.id)).map((event) => event.type)).toEqual([
      'task.opened',
      'lease.reserved',
      'lease.active',
    ]);
    expect((await eventsOf(task.id))[1]).toMatchObject({
      decided: { is: 'permit', because: ['allow-all'], policyDigest: 'd1' },
      asked: { entry: 'pretend-entry', ttlSeconds: 60, tool: 't', reason: 'r' },
      intent: 'test',
    });
  });

  test('ISS-01: the TTL is bounded by the entry, the policy and what is left of the task', async () => {
    const { ports } = brokerPorts(ledger, [provider], {
      policy: () => policyOf([entry('pretend')], () => permitting(120)),
    });
    const task = await openTask(ports, agent, opening);
    const { lease } = await grant(ports, agent, request(task.id, { ttlSeconds: 900 }));
    expect(lease.expiresAt - lease.reservedAt).toBe(120_000);
    const short = await openTask(ports, agent, { ...opening, deadlineAt: Date.now() + 30_000 });
    const bounded = await grant(ports, agent, request(short.id, { ttlSeconds: 900 }));
    expect(bounded.lease.expiresAt).toBeLessThanOrEqual(short.deadlineAt + 1000);
  });

  test('ISS-03: when less is left than the provider can mint, nothing is minted', async () => {
    provider = pretendProvider('pretend', { minimumTtlSeconds: 900 });
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, { ...opening, deadlineAt: Date.now() + 300_000 });
    await expect(grant(ports, agent, request(task.id))).rejects.toMatchObject({ code: 'ttl.below_floor' });
    expect(provider.calls).toEqual([]);
  });

  test('ISS-03: what the least is can depend on what is asked for, with its parameters filled in', async () => {
    const asked: unknown[] = [];
    const choosy = { ...provider, minimumTtlSeconds: (scope: unknown) => (asked.push(scope), 900) };
    const { ports } = brokerPorts(ledger, [choosy], {
      policy: () => policyOf([entry('pretend', { mint: { a: 1 } })]),
    });
    const task = await openTask(ports, agent, opening);
    await expect(grant(ports, agent, request(task.id, { ttlSeconds: 60 }))).rejects.toMatchObject({
      code: 'ttl.below_floor',
    });
    expect(asked).toEqual([{ a: 1 }]);
  });

  test.each([
    ['an unknown task', (id: string) => request('tsk_00000000', { id }), agent, 'task.unknown'],
    ["someone else's task", (id: string) => request(id), otherAgent, 'task.unknown'],
    ['an unknown entry', (id: string) => request(id, { credential: 'nothing' }), agent, 'credential.unknown'],
    ['a TTL of 0', (id: string) => request(id, { ttlSeconds: 0 }), agent, 'ttl.invalid'],
    ['a negative TTL', (id: string) => request(id, { ttlSeconds: -1 }), agent, 'ttl.invalid'],
    ['a TTL beyond the entry', (id: string) => request(id, { ttlSeconds: 7200 }), agent, 'ttl.invalid'],
    [
      'an unknown parameter',
      (id: string) => request(id, { parameters: { x: 1 } }),
      agent,
      'credential.parameters',
    ],
    ['OPS-04: an operator', (id: string) => request(id), admin, 'role.missing'],
    ['OPS-04: an orchestrator', (id: string) => request(id), orchestrator, 'role.missing'],
  ])('%s is refused, told in the audit, and nothing is minted', async (_name, ask, who, code) => {
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    const asked = ask(task.id);
    await expect(grant(ports, who, asked)).rejects.toMatchObject({ code });
    expect(await eventsOf(asked.task)).toContainEqual(
      expect.objectContaining({ type: 'credential.refused', fault: code, agent: who.id }),
    );
    expect(provider.calls).toEqual([]);
  });

  test('POL-04: an ended task gets nothing', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    await endTask(ports, agent, task.id, 'completed');
    await expect(grant(ports, agent, request(task.id))).rejects.toMatchObject({ code: 'task.ended' });
    expect(provider.calls).toEqual([]);
  });

  test('POL-05: a refusal by policy names the policies that decided', async () => {
    const { ports } = brokerPorts(ledger, [provider], {
      policy: () => policyOf([entry('pretend')], () => ({ is: 'deny', because: ['no-friday'], errors: [] })),
    });
    const task = await openTask(ports, agent, opening);
    await expect(grant(ports, agent, request(task.id))).rejects.toMatchObject({
      code: 'policy.denied',
      policies: ['no-friday'],
    });
    expect(await eventsOf(task.id)).toContainEqual(
      expect.objectContaining({
        type: 'credential.refused',
        decided: expect.objectContaining({ is: 'deny' }),
      }),
    );
  });

  test.each([
    [[], 'No policy permits this request.'],
    [['risky'], 'No policy permits this request, whoever approves it.'],
  ])(
    'POL-05: what no policy permits is told so, as the policies that ask do not say it: %j',
    async (because, detail) => {
      const { ports } = brokerPorts(ledger, [provider], {
        policy: () =>
          policyOf([entry('pretend')], () => ({ is: 'deny', because, errors: [], unpermitted: true })),
      });
      const task = await openTask(ports, agent, opening);
      await expect(grant(ports, agent, request(task.id))).rejects.toMatchObject({
        code: 'policy.denied',
        message: detail,
        policies: because,
      });
    },
  );

  test('POL-08: an error in policy is a refusal of its own kind', async () => {
    const { ports } = brokerPorts(ledger, [provider], {
      policy: () => policyOf([entry('pretend')], () => ({ is: 'deny', because: [], errors: ['boom'] })),
    });
    const task = await openTask(ports, agent, opening);
    await expect(grant(ports, agent, request(task.id))).rejects.toMatchObject({ code: 'policy.error' });
  });

  test('POL-03: a policy that changes while the provider mints is asked again, and what was minted is taken back', async () => {
    let policy: Policy = policyOf([entry('pretend')]);
    const { ports, settled } = brokerPorts(ledger, [provider], { policy: () => policy });
    const task = await openTask(ports, agent, opening);
    let release = () => {};
    provider.hold.afterIssue = new Promise((resolve) => (release = resolve));
    const asking = grant(ports, agent, request(task.id));
    await until(() => Promise.resolve(provider.live.size === 1));
    policy = policyOf([entry('pretend')], () => ({ is: 'deny', because: ['new'], errors: [] }), 'd2');
    release();
    await expect(asking).rejects.toMatchObject({ code: 'policy.changed', policies: ['new'] });
    await settled();
    expect(provider.live.size).toBe(0);
  });

  test('I4: a task that ends while the provider mints gets nothing, and what was minted is taken back', async () => {
    const { ports, settled } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    let release = () => {};
    provider.hold.afterIssue = new Promise((resolve) => (release = resolve));
    const asking = grant(ports, agent, request(task.id));
    await until(() => Promise.resolve(provider.live.size === 1));
    await endTask(ports, agent, task.id, 'completed');
    release();
    await expect(asking).rejects.toMatchObject({ code: 'task.ended' });
    await settled();
    expect(provider.live.size).toBe(0);
    const [lease] = (await ledger.leases.list({ task: task.id, pageSize: 10 })).items;
    expect(lease).toMatchObject({ state: 'revoked', cause: 'task_end' });
  });
});

describe('when the state store fails', () => {
  const away = () => Promise.reject(new Fault('state.unavailable', 'away'));

  test('I7: while it is away nothing is minted', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    const broken = { ...ports, ledger: { ...ledger, leases: { ...ledger.leases, reserve: away } } };
    await expect(grant(broken, agent, request(task.id))).rejects.toMatchObject({ code: 'state.unavailable' });
    expect(provider.calls).toEqual([]);
  });

  test('I1: lost between reservation and hand-over, no secret is returned and the credential is revoked', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    const leases = { ...ledger.leases, activate: away, abandon: away };
    await expect(
      grant({ ...ports, ledger: { ...ledger, leases } }, agent, request(task.id)),
    ).rejects.toMatchObject({
      code: 'state.unavailable',
    });
    expect(provider.live.size).toBe(0);
    const [lease] = (await ledger.leases.list({ task: task.id, pageSize: 10 })).items;
    expect(lease).toMatchObject({ state: 'reserved' });
  });

  test('AUD: a refusal that cannot be recorded is not answered as a refusal', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    const broken = { ...ports, ledger: { ...ledger, log: { ...ledger.log, record: away } } };
    await expect(grant(broken, agent, request(task.id, { credential: 'nothing' }))).rejects.toMatchObject({
      code: 'state.unavailable',
    });
  });
});

describe('asking again with the same idempotency key', () => {
  test('I6: leaves one live lease', async () => {
    const { ports, settled } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    const first = await grant(ports, agent, request(task.id), 'key');
    const second = await grant(ports, agent, request(task.id), 'key');
    await ports.queue.add('pretend', [first.lease.id]);
    await settled();
    expect([...provider.live]).toEqual([second.lease.id]);
    expect(await ledger.leases.find(first.lease.id)).toMatchObject({ state: 'revoked', cause: 'superseded' });
  });

  test('another request under the same key is refused, and the key of another agent is another key', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, opening);
    await grant(ports, agent, request(task.id), 'key');
    await expect(grant(ports, agent, request(task.id, { reason: 'other' }), 'key')).rejects.toMatchObject({
      code: 'idempotency.reused',
    });
    const others = await openTask(ports, otherAgent, opening);
    await expect(grant(ports, otherAgent, request(others.id), 'key')).resolves.toBeDefined();
  });
});
