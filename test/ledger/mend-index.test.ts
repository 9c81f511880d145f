import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newTask } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { activated, freshLedger, reserved } from './fresh.js';

describe.each(backends)('an index of due leases that has lost something, on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeEach(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
  });

  async function lease(state: 'reserved' | 'active' | 'revoking' | 'revoked') {
    const task = (await ledger.tasks.open(newTask()))!;
    const lease = await reserved(ledger, task.id);
    if (state === 'reserved') return lease;
    await activated(ledger, lease, lease.expiresAt);
    if (state === 'active') return lease;
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    if (state === 'revoked') await ledger.leases.settle(lease.id, { is: 'revoked' });
    return lease;
  }
  const dueAt = async (id: string) => Number(await redis.zscore(`${prefix}:due:vault`, id));
  const isDue = async (id: string) => (await redis.zscore(`${prefix}:due:vault`, id)) !== null;

  async function mendAll(atOnce: number) {
    const mended: string[] = [];
    let next: number | undefined = 0;
    do {
      const round: Awaited<ReturnType<Ledger['leases']['mendIndex']>> = await ledger.leases.mendIndex(
        atOnce,
        next,
      );
      mended.push(...round.mended);
      next = round.next;
    } while (next !== undefined);
    return mended.toSorted();
  }

  test('I8: every lease that is not over is due again when it was, also where the whole index is gone', async () => {
    const [reserved, active, revoking, revoked] = [
      await lease('reserved'),
      await lease('active'),
      await lease('revoking'),
      await lease('revoked'),
    ];
    await redis.del(`${prefix}:due:vault`, `${prefix}:providers`);
    const live = [reserved, active, revoking].map(({ id }) => id).toSorted();
    expect(await mendAll(1)).toEqual(live);
    expect(await dueAt(reserved.id)).toBe(reserved.mintUntil);
    expect(await dueAt(active.id)).toBe(active.expiresAt);
    expect((await ledger.leases.claimDue('vault', 10)).leaseIds).toEqual([revoking.id]);
    expect(await isDue(revoked.id)).toBe(false);
    expect(await ledger.leases.providers()).toEqual(['vault']);
    const { items } = await ledger.log.read({ pageSize: 100 });
    const told = items.flatMap(({ event }) => (event.type === 'lease.reindexed' ? [event.lease] : []));
    expect(told.toSorted()).toEqual(live);
  });

  test('what is where it belongs is left alone, and so is what is in quarantine', async () => {
    const active = await lease('active');
    const aside = await lease('active');
    await redis.zrem(`${prefix}:due:vault`, aside.id);
    await redis.zadd(`${prefix}:quarantine`, 1, aside.id);
    expect(await mendAll(10)).toEqual([]);
    expect(await dueAt(active.id)).toBe(active.expiresAt);
    expect(await isDue(aside.id)).toBe(false);
  });

  test('tasks that are forgotten end the pass; those that are opened during it make it miss nothing', async () => {
    const lost = await lease('active');
    await lease('active');
    await redis.zrem(`${prefix}:due:vault`, lost.id);
    const { next, mended } = await ledger.leases.mendIndex(1);
    expect([next, mended]).toEqual([1, []]);
    await lease('active');
    expect(await mendAll(1)).toEqual([lost.id]);
    await redis.del(`${prefix}:${lost.taskId}`);
    expect(await ledger.leases.mendIndex(1, 2)).toEqual({ next: undefined, mended: [] });
  });
});
