import { beforeAll, describe, expect, test } from '@jest/globals';
import { newTaskId } from '../../src/kernel/id.js';
import type { NewLease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import type { NewTask } from '../../src/task/task.js';
import { agent, newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { activated, freshLedger, reserved as reservedOn } from './fresh.js';

describe.each(backends)('the ledger on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeAll(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url, { claimMs: 50 }));
  });

  async function openedTask(over: Partial<NewTask> = {}) {
    const task = await ledger.tasks.open(newTask(over));
    return task!;
  }
  const reserved = (taskId: string, over: Partial<NewLease> = {}) => reservedOn(ledger, taskId, over);
  const active = async (taskId: string, over: Partial<NewLease> = {}) =>
    activated(ledger, await reserved(taskId, over));
  const typesOf = async (subject: string) =>
    (await ledger.log.read({ subject, pageSize: 100 })).items.map((record) => record.event.type);

  test('a task that was opened is found, listed and open', async () => {
    const task = await openedTask();
    expect(await ledger.tasks.find(task.id)).toEqual(task);
    expect(task).toMatchObject({ state: 'open', labels: { team: 'finance' } });
    expect((await ledger.tasks.list({ agent, pageSize: 50 })).items).toContainEqual(task);
    expect(await ledger.tasks.find('tsk_00000000')).toBeUndefined();
  });

  test('a retried opening is one task, and its key with another body is refused', async () => {
    const key = { key: 'k1', digest: 'a' };
    const first = await ledger.tasks.open(newTask(), key);
    const second = await ledger.tasks.open(newTask(), key);
    expect(second?.id).toBe(first?.id);
    await expect(ledger.tasks.open(newTask(), { key: 'k1', digest: 'b' })).rejects.toMatchObject({
      code: 'idempotency.reused',
    });
  });

  test('a lease is durable with handle and end before it is active, and keeps what it was reserved for', async () => {
    const task = await openedTask();
    const lease = await reserved(task.id, { tool: 'psql', reason: 'monthly' });
    expect(await ledger.leases.find(lease.id)).toEqual(lease);
    expect(lease).toMatchObject({
      state: 'reserved',
      handle: { lease: 'x' },
      tool: 'psql',
      reason: 'monthly',
    });
    expect(lease.expiresAt - lease.reservedAt).toBe(30_000);
  });

  test('nothing is reserved for an unknown task, a task of another agent, or one past its deadline', async () => {
    await expect(reserved(newTaskId())).rejects.toMatchObject({ code: 'task.unknown' });
    const task = await openedTask();
    await expect(reserved(task.id, { agent: 'someone else' })).rejects.toMatchObject({
      code: 'task.unknown',
    });
    const past = await openedTask({ deadlineAt: Date.now() - 60_000 });
    await expect(reserved(past.id)).rejects.toMatchObject({ code: 'task.ended' });
    expect((await ledger.tasks.find(past.id))?.state).toBe('lapsed');
  });

  test('I4: after the end of a task nothing is reserved, nothing reserved becomes active, all it had is due', async () => {
    const task = await openedTask();
    const live = await active(task.id);
    const minting = await reserved(task.id);
    const end = await ledger.tasks.end(task.id, { outcome: 'completed', by: 'orc', via: 'call' });
    expect(end).toMatchObject({ alreadyEnded: false, providers: ['vault'], task: { state: 'ended' } });
    await expect(reserved(task.id)).rejects.toMatchObject({ code: 'task.ended' });
    const late = await ledger.leases.activate(minting, {
      expiresAt: undefined,
      effect: 'revoked_at_provider',
    });
    expect(late).toBeUndefined();
    const claim = await ledger.leases.claimDue('vault', 100);
    expect(claim.leaseIds).toEqual(expect.arrayContaining([live.id, minting.id]));
    expect(await ledger.leases.find(live.id)).toMatchObject({ state: 'revoking', cause: 'task_end' });
    for (const id of claim.leaseIds) await ledger.leases.settle(id, { is: 'revoked' });
  });

  test('I6: ending a task twice is ending it once', async () => {
    const task = await openedTask();
    await ledger.tasks.end(task.id, { outcome: 'failed', by: 'orc', via: 'call' });
    const again = await ledger.tasks.end(task.id, { outcome: 'completed', by: 'x', via: 'call' });
    expect(again).toMatchObject({ alreadyEnded: true, task: { outcome: 'failed', endedBy: 'orc' } });
    expect(await typesOf(task.id)).toEqual(['task.opened', 'task.ended']);
  });

  test('I4: of a reservation and an end at the same time, either the lease is refused or it is due', async () => {
    for (let round = 0; round < 20; round++) {
      const task = await openedTask();
      const [lease] = await Promise.all([
        reserved(task.id, { provider: `race-${round}` }).catch(() => undefined),
        ledger.tasks.end(task.id, { outcome: 'completed', by: 'orc', via: 'call' }),
      ]);
      if (!lease) continue;
      const { leaseIds } = await ledger.leases.claimDue(`race-${round}`, 10);
      expect(leaseIds).toEqual([lease.id]);
    }
  });

  test('I2: while the provider may still be minting, a revocation is not final', async () => {
    const task = await openedTask();
    const lease = await reserved(task.id, { provider: 'slow' });
    await ledger.tasks.end(task.id, { outcome: 'completed', by: 'orc', via: 'call' });
    expect(await ledger.leases.settle(lease.id, { is: 'revoked' })).toMatchObject({ state: 'revoking' });
    expect(
      await ledger.leases.activate(lease, { expiresAt: undefined, effect: lease.effect }),
    ).toBeUndefined();
    expect((await ledger.leases.claimDue('slow', 10)).leaseIds).toEqual([lease.id]);
    expect(await ledger.leases.settle(lease.id, { is: 'revoked' })).toMatchObject({ state: 'revoked' });
  });

  test('I2: a reservation whose broker died is due when its minting must be over', async () => {
    const task = await openedTask();
    const lease = await reserved(task.id, { provider: 'dead-broker', mintTimeoutMs: 0 });
    expect((await ledger.leases.claimDue('dead-broker', 10)).leaseIds).toEqual([lease.id]);
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoking', cause: 'mint_unresolved' });
  });

  test('I8: a claim that died with its process costs less than the ten seconds that are promised', async () => {
    const usual = redisLedger(redis, { prefix });
    const task = await openedTask();
    const lease = await active(task.id, { provider: 'died' });
    await usual.leases.revoke(lease.id, 'operator', 'op');
    const claim = await usual.leases.claimDue('died', 10);
    expect(claim.leaseIds).toEqual([lease.id]);
    // A sweeper sleeps for half a second, and the attempt takes its time.
    expect(claim.nextDueAt! - claim.now).toBeLessThanOrEqual(9000);
  });

  test('I8: a claimed lease is hidden for a while, then due again if nobody settled it', async () => {
    const task = await openedTask();
    const lease = await active(task.id, { provider: 'claims' });
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    expect((await ledger.leases.claimDue('claims', 10)).leaseIds).toEqual([lease.id]);
    const hidden = await ledger.leases.claimDue('claims', 10);
    expect(hidden.leaseIds).toEqual([]);
    expect(hidden.nextDueAt).toBeGreaterThan(hidden.now);
    await untilClaimed('claims', lease.id);
  });

  async function untilClaimed(provider: string, id: string) {
    for (;;) {
      const { leaseIds } = await ledger.leases.claimDue(provider, 10);
      if (leaseIds.includes(id)) return;
    }
  }

  test('I6: revoking twice is revoking once; what is over stays over', async () => {
    const task = await openedTask();
    const lease = await active(task.id);
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    await ledger.leases.settle(lease.id, { is: 'revoked' });
    const over = await ledger.leases.revoke(lease.id, 'operator', 'op');
    expect(over).toMatchObject({ state: 'revoked', cause: 'operator', attempts: 1 });
    expect(await ledger.leases.settle(lease.id, { is: 'expired' })).toBeUndefined();
    expect(await ledger.leases.find(lease.id)).toEqual(over);
    expect((await typesOf(lease.id)).filter((type) => type === 'lease.revoked')).toHaveLength(1);
  });

  test('I3: a failing revocation is kept, counted, retried, and shown as stuck', async () => {
    const task = await openedTask();
    const lease = await active(task.id, { provider: 'failing' });
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    const failed = { is: 'failed', fault: 'provider.unavailable', retryInMs: 0 } as const;
    await ledger.leases.settle(lease.id, { ...failed, stuck: false });
    const stuck = await ledger.leases.settle(lease.id, { ...failed, stuck: true });
    expect(stuck).toMatchObject({ state: 'stuck', attempts: 2, lastFault: 'provider.unavailable' });
    expect((await ledger.leases.claimDue('failing', 10)).leaseIds).toEqual([lease.id]);
    expect(await ledger.leases.settle(lease.id, { is: 'revoked' })).toMatchObject({ state: 'revoked' });
    expect(await ledger.leases.overdueMs('failing')).toBe(0);
  });

  test.each([
    ['only expires', 'expires_only'],
    ['is cut in slices', 'stops_renewing'],
  ] as const)('a lease that %s waits for its end without being overdue', async (_name, effect) => {
    const task = await openedTask();
    const provider = `aws-${effect}`;
    const lease = await active(task.id, { provider, effect });
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    const waiting = await ledger.leases.settle(lease.id, { is: 'waiting', untilAt: lease.expiresAt });
    expect(waiting).toMatchObject({ state: 'revoking', effect });
    const { leaseIds, nextDueAt } = await ledger.leases.claimDue(provider, 10);
    expect(leaseIds).toEqual([]);
    expect(nextDueAt).toBe(lease.expiresAt);
    expect(await ledger.leases.overdueMs(provider)).toBe(0);
  });

  test('I6: a retried request supersedes the lease it left behind, and is held while that is being minted', async () => {
    const task = await openedTask();
    const key = { key: 'retry', digest: 'same' };
    const first = newLease(task.id, { provider: 'retries' });
    const held = await ledger.leases.reserve(first, reservedEvent(first), key);
    const second = newLease(task.id, { provider: 'retries' });
    await expect(ledger.leases.reserve(second, reservedEvent(second), key)).rejects.toMatchObject({
      code: 'idempotency.in_flight',
    });
    await ledger.leases.activate(held, { expiresAt: undefined, effect: first.effect });
    await ledger.leases.reserve(second, reservedEvent(second), key);
    expect(await ledger.leases.find(first.id)).toMatchObject({ state: 'revoking', cause: 'superseded' });
    await expect(
      ledger.leases.reserve(newLease(task.id), reservedEvent(second), { ...key, digest: 'other' }),
    ).rejects.toMatchObject({ code: 'idempotency.reused' });
  });

  test('a record that cannot be read is put aside and stops nobody', async () => {
    const task = await openedTask();
    const [broken, lost, sound] = [
      await active(task.id, { provider: 'q' }),
      await active(task.id, { provider: 'q' }),
      await active(task.id, { provider: 'q' }),
    ];
    await redis.set(`${prefix}:${broken.id}`, 'not a lease');
    await redis.del(`${prefix}:${lost.id}`);
    for (const { id } of [broken, lost, sound]) await redis.zadd(`${prefix}:due:q`, 1, id);
    expect((await ledger.leases.claimDue('q', 10)).leaseIds).toEqual([sound.id]);
    expect((await redis.zrange(`${prefix}:quarantine`, '0', '-1')).sort()).toEqual(
      [broken.id, lost.id].sort(),
    );
    expect(await typesOf(task.id)).toContain('lease.quarantined');
  });
});

test('a store that is away is a fault with its own name, at once', async () => {
  const redis = await connected(backends[0]!.url);
  const ledger = redisLedger(redis, { prefix: uniquePrefix() });
  redis.disconnect();
  await expect(ledger.tasks.find('tsk_00000000')).rejects.toMatchObject({ code: 'state.unavailable' });
  await expect(ledger.tasks.open(newTask())).rejects.toMatchObject({ code: 'state.unavailable' });
  await expect(ledger.check()).rejects.toMatchObject({ code: 'state.unavailable' });
});
