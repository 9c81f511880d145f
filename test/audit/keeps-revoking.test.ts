import { beforeEach, describe, expect, test } from '@jest/globals';
import { carryOut } from '../../src/broker/carry-out.js';
import type { Broker } from '../../src/broker/broker.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { admin, agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let redis: RedisClient;
let prefix: string;
let ledger: Ledger;
let provider: PretendProvider;
let ports: Ports;
let broker: Broker;
let settled: () => Promise<unknown>;

describe.each(backends)('while the log alone cannot be written, on $name', ({ url }) => {
  beforeEach(async () => {
    redis = await connected(url);
    prefix = uniquePrefix();
    ledger = redisLedger(redis, { prefix });
    await ledger.check();
    provider = pretendProvider();
    ({ ports, settled } = brokerPorts(ledger, [provider]));
    broker = createBroker(ports);
  });

  async function leased(ttlSeconds?: number): Promise<Lease> {
    const deadlineAt = ledger.clock() + 3_600_000;
    const task = await broker.openTask(agent, { intent: 't', deadlineAt, labels: {} });
    const ask = { task: task.id, credential: 'pretend-entry', parameters: {} };
    return (await broker.grant(agent, { ...ask, ...(ttlSeconds && { ttlSeconds }) })).lease;
  }
  /** What is there is no log then, and takes no event. */
  async function withoutLog(work: () => Promise<unknown>) {
    await redis.rename(`${prefix}:events`, `${prefix}:put-aside`);
    await redis.set(`${prefix}:events`, 'not a log');
    await work();
    await redis.rename(`${prefix}:put-aside`, `${prefix}:events`);
  }
  const dispatched = async () => {
    await dispatchDue(ports, 'pretend');
    await settled();
  };
  const isRevoked = async ({ id }: Lease) => {
    expect(provider.live.has(id)).toBe(false);
    expect(await ledger.leases.find(id)).toMatchObject({ state: 'revoked' });
  };
  /** Of the lease and its task, after the worker's next round. */
  const told = async ({ taskId }: Lease) => {
    await ledger.leases.mendIndex(100);
    const { items } = await ledger.log.read({ subject: taskId, pageSize: 100 });
    return items.map(({ event }) => event);
  };
  const types = async (lease: Lease) => (await told(lease)).map(({ type }) => type);

  test('I7, AUD-01: the end of a task takes its leases back, and is told when it can be', async () => {
    const lease = await leased();
    await withoutLog(async () => {
      const { state } = await broker.endTask(agent, lease.taskId, 'completed');
      expect(state).toBe('ended');
      await dispatched();
      await isRevoked(lease);
      await expect(leased()).rejects.toMatchObject({ code: 'state.unavailable' });
      expect(await ledger.log.untold()).toBe(3);
    });
    expect(await types(lease)).toEqual([
      ...['task.opened', 'lease.reserved', 'lease.active'],
      ...['task.ended', 'lease.revoking', 'lease.revoked'],
    ]);
    const [, , , end, revoking] = await told(lease);
    expect(end).toMatchObject({ by: agent.id, outcome: 'completed', happenedAt: expect.any(Number) });
    expect(revoking).toMatchObject({ lease: lease.id, cause: 'task_end', agent: agent.id });
  });

  test('I7: an operator revokes, and the kill switch blocks and revokes', async () => {
    const [one, other] = [await leased(), await leased()];
    await withoutLog(async () => {
      await broker.revokeLease(admin, one.id, 'seen abroad');
      await dispatched();
      await isRevoked(one);
      const scope = { of: 'agent', name: agent.id } as const;
      await broker.revokeMany(admin, { scope, reason: 'drill', block: true });
      for (const each of await ledger.withdrawals.open())
        await carryOut(ports, each, () => Promise.resolve(true));
      await dispatched();
      await isRevoked(other);
    });
    expect((await types(one)).slice(-2)).toEqual(['lease.revoking', 'lease.revoked']);
    expect((await told(one)).at(-2)).toMatchObject({
      cause: 'operator',
      by: admin.id,
      reason: 'seen abroad',
    });
    expect((await types(other)).slice(-2)).toEqual(['lease.revoking', 'lease.revoked']);
    expect(await broker.listBlocks(admin)).toHaveLength(1);
    const { items } = await ledger.log.read({ pageSize: 100 });
    const begun = items.map(({ event }) => event).filter(({ type }) => type.startsWith('withdrawal.'));
    expect(begun.map(({ type }) => type)).toEqual(['withdrawal.begun', 'withdrawal.ended']);
  });

  test('I7: what expires is taken back', async () => {
    const lease = await leased(60);
    await withoutLog(async () => {
      await redis.zadd(`${prefix}:due:pretend`, 1, lease.id);
      await dispatched();
      await isRevoked(lease);
    });
    expect((await types(lease)).slice(-2)).toEqual(['lease.revoking', 'lease.revoked']);
  });

  test('I1: what begins something changes nothing, so that it can be begun again whole', async () => {
    const lease = await leased();
    const deadlineAt = ledger.clock() + 3_600_000;
    const opening = { intent: 'again', deadlineAt, labels: {} };
    const steps = { task: lease.taskId, tool: 'sql' };
    const failed = expect.objectContaining({ code: 'state.unavailable' });
    await withoutLog(async () => {
      await expect(broker.openTask(agent, opening, 'the-key')).rejects.toEqual(failed);
      await expect(broker.takeStep(agent, steps, 'the-step')).rejects.toEqual(failed);
    });
    const before = (await ledger.tasks.list({ pageSize: 100 })).items.length;
    const task = await broker.openTask(agent, opening, 'the-key');
    const step = await broker.takeStep(agent, steps, 'the-step');
    expect((await ledger.tasks.list({ pageSize: 100 })).items).toHaveLength(before + 1);
    expect(await broker.listSteps(agent, lease.taskId)).toEqual([step]);
    const { items } = await ledger.log.read({ pageSize: 100 });
    const of = (type: string) => items.filter(({ event }) => event.type === type).map(({ event }) => event);
    expect(of('task.opened').map((event) => 'task' in event && event.task)).toEqual([lease.taskId, task.id]);
    expect(of('step.decided')).toHaveLength(1);
  });

  test('nothing is told twice, and what is told late is chained as all else', async () => {
    const lease = await leased();
    await withoutLog(async () => {
      await broker.endTask(agent, lease.taskId, 'completed');
      await dispatched();
      // Again, as whoever had no answer does.
      await broker.endTask(agent, lease.taskId, 'completed');
      await dispatched();
    });
    const next = await leased();
    expect(await types(lease)).toHaveLength(6);
    expect(await types(next)).toEqual(['task.opened', 'lease.reserved', 'lease.active']);
    expect(await ledger.log.untold()).toBe(0);
    const { items } = await ledger.log.read({ pageSize: 100 });
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_, index) => index + 1));
  });
});
