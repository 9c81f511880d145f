import { beforeEach, describe, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts, orchestrator, otherAgent, viewer } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let broker: Broker;
let provider: PretendProvider;
let settled: () => Promise<unknown>;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  provider = pretendProvider();
  const made = brokerPorts(ledger, [provider, pretendProvider('other')]);
  broker = createBroker(made.ports);
  settled = made.settled;
});

const refused = (code: string) => ({ code });

/** A lease of an agent, in a task that the orchestrator opened for it. */
async function leased(who: Principal = agent, entry = 'pretend-entry') {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await broker.openTask(orchestrator, { intent: 't', deadlineAt, labels: {}, agent: who.id });
  const { lease } = await broker.grant(who, { task: task.id, credential: entry, parameters: {} });
  return lease;
}
const eventsOf = async (subject: string) =>
  (await ledger.log.read({ subject, pageSize: 100 })).items.map((record) => record.event);

describe('ending one lease', () => {
  test.each([
    ['the agent gives it back', agent, 'released'],
    ['the orchestrator that opened the task gives it back', orchestrator, 'released'],
    ['an admin takes it', admin, 'operator'],
  ] as const)('%s', async (_name, who, cause) => {
    const lease = await leased();
    expect(await broker.revokeLease(who, lease.id)).toMatchObject({ state: 'revoking', cause });
    await settled();
    expect(provider.live.size).toBe(0);
    expect(await broker.findLease(who, lease.id)).toMatchObject({ state: 'revoked', cause });
  });

  test('OPS-04: a viewer may not, and for another agent or orchestrator it is not there', async () => {
    const lease = await leased();
    await expect(broker.revokeLease(viewer, lease.id)).rejects.toMatchObject(refused('role.missing'));
    for (const who of [otherAgent, { ...orchestrator, id: 'orchestrator:other' }])
      await expect(broker.revokeLease(who, lease.id)).rejects.toMatchObject(refused('lease.unknown'));
    await expect(broker.revokeLease(admin, 'lse_00000000000000')).rejects.toMatchObject(
      refused('lease.unknown'),
    );
    expect(await ledger.leases.find(lease.id)).toEqual(lease);
  });

  test('I6: twice is once', async () => {
    const lease = await leased();
    await broker.revokeLease(agent, lease.id);
    await settled();
    const over = await ledger.leases.find(lease.id);
    expect(await broker.revokeLease(admin, lease.id)).toEqual(over);
    await settled();
    expect(provider.calls.filter((call) => call.startsWith('revoke'))).toHaveLength(1);
  });

  test('AUD-01: the reason that was given is in the audit', async () => {
    const lease = await leased();
    await broker.revokeLease(admin, lease.id, 'the laptop was stolen');
    expect(await eventsOf(lease.id)).toContainEqual(
      expect.objectContaining({ type: 'lease.revoking', by: admin.id, reason: 'the laptop was stolen' }),
    );
    const released = await leased();
    await broker.revokeLease(agent, released.id);
    const told = (await eventsOf(released.id)).find((event) => event.type === 'lease.revoking');
    expect(told).not.toHaveProperty('reason');
  });
});

describe('listing leases', () => {
  const ids = async (who: Principal, query: object = {}) =>
    (await broker.listLeases(who, { pageSize: 50, ...query })).items.map((lease) => lease.id).sort();

  test('an agent lists its own, whoever it asks for', async () => {
    const own = await leased();
    const others = await leased(otherAgent);
    expect(await ids(agent)).toEqual([own.id]);
    expect(await ids(agent, { agent: otherAgent.id })).toEqual([own.id]);
    expect(await ids(agent, { task: own.taskId })).toEqual([own.id]);
    expect(await ids(agent, { task: own.taskId, agent: otherAgent.id })).toEqual([]);
    await expect(broker.listLeases(agent, { pageSize: 5, task: others.taskId })).rejects.toMatchObject(
      refused('task.unknown'),
    );
  });

  test('an orchestrator lists those of a task it opened, and must name it', async () => {
    const lease = await leased();
    expect(await ids(orchestrator, { task: lease.taskId })).toEqual([lease.id]);
    await expect(broker.listLeases(orchestrator, { pageSize: 5 })).rejects.toMatchObject(
      refused('role.missing'),
    );
    const stranger = { ...orchestrator, id: 'orchestrator:other' };
    await expect(broker.listLeases(stranger, { pageSize: 5, task: lease.taskId })).rejects.toMatchObject(
      refused('task.unknown'),
    );
  });

  test('an operator lists all, by any filter', async () => {
    const one = await leased();
    const two = await leased(otherAgent, 'other-entry');
    await broker.revokeLease(admin, one.id);
    await settled();
    expect(await ids(viewer)).toEqual([one.id, two.id].sort());
    expect(await ids(viewer, { state: 'active' })).toEqual([two.id]);
    expect(await ids(viewer, { state: 'revoked' })).toEqual([one.id]);
    expect(await ids(viewer, { agent: otherAgent.id })).toEqual([two.id]);
    expect(await ids(viewer, { provider: 'pretend' })).toEqual([one.id]);
    expect(await ids(viewer, { entry: 'other-entry' })).toEqual([two.id]);
    expect(await ids(viewer, { effect: 'expires_only' })).toEqual([]);
    expect(await ids(viewer, { task: two.taskId, state: 'reserved' })).toEqual([]);
  });

  test('ISS-06: a lease of another is not there; the opener of its task sees it', async () => {
    const lease = await leased();
    for (const who of [agent, orchestrator, viewer])
      expect(await broker.findLease(who, lease.id)).toEqual(lease);
    await expect(broker.findLease(otherAgent, lease.id)).rejects.toMatchObject(refused('lease.unknown'));
  });
});

test('an operator sees when taking back is tried next, and sooner once it was asked for again; its agent does not', async () => {
  const lease = await leased();
  await ledger.leases.revoke(lease.id, 'operator', 'op');
  await ledger.leases.claimDue('pretend', 10);
  await ledger.leases.settle(lease.id, {
    ...{ is: 'failed', fault: 'provider.refused', retryInMs: 300_000, stuck: true },
  });
  const inMs = async () => (await broker.findLease(viewer, lease.id)).nextAttemptAt! - ledger.clock();
  expect(await inMs()).toBeGreaterThan(290_000);
  expect(await broker.findLease(agent, lease.id)).not.toHaveProperty('nextAttemptAt');
  await ledger.leases.revoke(lease.id, 'operator', admin.id);
  expect(await inMs()).toBeLessThan(1000);
  await ledger.leases.settle(lease.id, { is: 'revoked' });
  expect(await broker.findLease(viewer, lease.id)).not.toHaveProperty('nextAttemptAt');
});

describe('revoking everything of a task', () => {
  const ofTask = (name: string) => ({ of: 'task', name }) as const;

  test('a dry run says what would end, and ends nothing', async () => {
    const lease = await leased();
    expect(await broker.blastRadius(admin, ofTask(lease.taskId))).toEqual({
      total: 1,
      byProvider: { [lease.provider]: 1 },
      byEntry: { [lease.entry]: 1 },
      byAgent: { [lease.agent]: 1 },
      byEffect: { [lease.effect]: 1 },
      approvals: 0,
      leases: [lease],
    });
    expect(await broker.findTask(admin, lease.taskId)).toMatchObject({ state: 'open' });
    expect([...provider.live]).toEqual([lease.id]);
  });

  test('REV-06: issuing is blocked first, and everything it had goes', async () => {
    const lease = await leased();
    const ask = { task: lease.taskId, credential: 'other-entry', parameters: {} };
    const second = (await broker.grant(agent, ask)).lease;
    const begun = await broker.revokeMany(admin, {
      scope: ofTask(lease.taskId),
      reason: 'drill',
      block: true,
    });
    expect(begun.block).toBeUndefined();
    await settled();
    for (const { id } of [lease, second])
      expect(await ledger.leases.find(id)).toMatchObject({ state: 'revoked', cause: 'task_end' });
    await expect(broker.grant(agent, ask)).rejects.toMatchObject(refused('task.ended'));
    expect(await eventsOf(lease.taskId)).toContainEqual(
      expect.objectContaining({ type: 'task.ended', by: admin.id, via: 'revocation', reason: 'drill' }),
    );
  });

  test('OPS-04: only for an admin', async () => {
    const lease = await leased();
    const scope = ofTask(lease.taskId);
    for (const who of [agent, orchestrator, viewer]) {
      await expect(broker.blastRadius(who, scope)).rejects.toMatchObject(refused('role.missing'));
      await expect(broker.revokeMany(who, { scope, reason: 'r', block: true })).rejects.toMatchObject(
        refused('role.missing'),
      );
    }
    await expect(broker.blastRadius(admin, ofTask('tsk_00000000'))).rejects.toMatchObject(
      refused('task.unknown'),
    );
  });
});
