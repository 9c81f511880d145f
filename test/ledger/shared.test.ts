import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SharedState } from '../../src/issuance/world.js';
import type { NewLease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newTask } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { freshLedger, reserved as reservedOn } from './fresh.js';

const enrolment = { groups: ['role:a', 'chained:b'], keepSeconds: 3600 };

describe.each(backends)('what the processes share, on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  let shared: SharedState;
  beforeAll(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url, { retentionMs: 1000 }));
    shared = ledger.shared('vault');
  });

  async function reserved(over: Partial<NewLease> = {}, taskId?: string) {
    const task = taskId ?? (await ledger.tasks.open(newTask()))!.id;
    return reservedOn(ledger, task, { enrolment, ...over });
  }
  const listed = async (id: string, group = 'role:a') =>
    (await shared.roster(group)).leases.find(({ leaseId }) => leaseId === id);

  test('a lease is listed from its reservation on, in each of its groups, and in no other provider', async () => {
    const lease = await reserved({ handle: { sessionName: 'x' } });
    for (const group of enrolment.groups)
      expect(await listed(lease.id, group)).toMatchObject({
        taskId: lease.taskId,
        handle: { sessionName: 'x' },
        live: true,
        reservedAt: lease.reservedAt,
        mintUntil: lease.mintUntil,
        taskClosed: false,
        taskSpoiled: false,
      });
    expect(await shared.groups()).toEqual(expect.arrayContaining(['chained:b', 'role:a']));
    expect((await ledger.shared('other').roster('role:a')).leases).toEqual([]);
    const unlisted = await reservedOn(ledger, lease.taskId);
    expect(await listed(unlisted.id)).toBeUndefined();
  });

  test('what has ended stays listed, and its task remembers that one did', async () => {
    const lease = await reserved();
    const sibling = await reserved({}, lease.taskId);
    await ledger.leases.revoke(lease.id, 'operator', 'olga');
    expect(await listed(lease.id)).toMatchObject({ live: false, taskClosed: false });
    expect(await listed(sibling.id)).toMatchObject({ live: true, taskSpoiled: true });
    await shared.forget('role:a', [lease.id]);
    expect(await listed(lease.id)).toBeUndefined();
    expect(await listed(sibling.id)).toMatchObject({ taskSpoiled: true });
  });

  test('a task that ended or lapsed is closed', async () => {
    const ended = await reserved();
    await ledger.tasks.end(ended.taskId, { outcome: 'completed', by: 'olga', via: 'call' });
    expect(await listed(ended.id)).toMatchObject({ live: false, taskClosed: true });
    const lapsing = (await ledger.tasks.open(newTask({ deadlineAt: Date.now() + 300 })))!;
    const lapsed = await reserved({}, lapsing.id);
    expect(await listed(lapsed.id)).toMatchObject({ taskClosed: false });
    while ((await listed(lapsed.id))?.taskClosed === false)
      await new Promise((resolve) => setTimeout(resolve, 50));
  });

  test('a record is kept for as long as the roster needs it, though leases are kept for less', async () => {
    const lease = await reserved({ mintTimeoutMs: 1 });
    await ledger.leases.revoke(lease.id, 'operator', 'olga');
    while ((await ledger.leases.find(lease.id))?.state !== 'revoked')
      await ledger.leases.settle(lease.id, { is: 'revoked' });
    const kept = await redis.pttl(`${prefix}:${lease.id}`);
    expect(kept).toBeGreaterThan(3_500_000);
    expect(kept).toBeLessThanOrEqual(3_600_000);
  });

  test('of a lease that nobody knows to have been minted, the last moment counts', async () => {
    const lease = await reserved({ mintTimeoutMs: 40, ttlSeconds: 30 });
    await ledger.leases.revoke(lease.id, 'operator', 'olga');
    while ((await ledger.leases.find(lease.id))?.state !== 'revoked')
      await ledger.leases.settle(lease.id, { is: 'revoked' });
    expect((await listed(lease.id))?.expiresAt).toBe(lease.mintUntil! + 30_000);
  });

  test('a record that is gone or cannot be read is not forgotten: it is told as lost', async () => {
    const [gone, broken] = [await reserved(), await reserved()];
    await redis.del(`${prefix}:${gone.id}`);
    await redis.set(`${prefix}:${broken.id}`, 'nonsense');
    const { lost } = await shared.roster('role:a');
    for (const { id, mintUntil } of [gone, broken])
      expect(lost).toContainEqual({ leaseId: id, mintedUntil: mintUntil });
  });

  test('thousands are read, none left out, while others come and go', async () => {
    const members = Array.from({ length: 3000 }, (_, i) => `lse_${String(i).padStart(14, '0')}`);
    const key = `${prefix}:roster:vault:many`;
    await redis.zadd(key, ...members.flatMap((member, i) => [String(i), member]));
    const churn = async () => {
      for (let i = 0; i < 200; i++) {
        await redis.zadd(key, '1', `lse_churn${String(i).padStart(9, '0')}`);
        await redis.zrem(key, `lse_churn${String(i - 5).padStart(9, '0')}`);
      }
    };
    const [{ lost }] = await Promise.all([shared.roster('many'), churn()]);
    expect(new Set(lost.map(({ leaseId }) => leaseId)).size).toBeGreaterThanOrEqual(3000);
    const found = new Set(lost.map(({ leaseId }) => leaseId));
    expect(members.every((member) => found.has(member))).toBe(true);
  });

  test('one holds the turn at a time; epochs only grow, above what is asked too', async () => {
    const first = await shared.turn('g', 'anna', 60_000);
    expect(await shared.turn('g', 'bert', 60_000)).toBeUndefined();
    const again = await shared.turn('g', 'anna', 60_000, 40);
    expect([first?.epoch, again?.epoch]).toEqual([1, 41]);
    await again?.end();
    const second = await shared.turn('g', 'bert', 1);
    expect(second?.epoch).toBe(42);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const third = await shared.turn('g', 'carl', 60_000);
    expect(third?.epoch).toBe(43);
    await second?.end(); // over long since: it ends nobody else's
    expect(await shared.turn('g', 'dora', 60_000)).toBeUndefined();
  });

  test('a note of an older turn changes nothing', async () => {
    expect(await shared.leaveNote('written', 'g', { epoch: 5, size: 10 })).toBe(true);
    expect(await shared.leaveNote('written', 'g', { epoch: 4, size: 99 })).toBe(false);
    expect(await shared.note('written', 'g')).toEqual({ epoch: 5, size: 10 });
    expect(await shared.note('confirmed', 'g')).toBeUndefined();
  });
});
