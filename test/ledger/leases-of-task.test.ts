import { beforeEach, describe, expect, test } from '@jest/globals';
import type { NewLease } from '../../src/lease/lease.js';
import type { Conditions, Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newTask } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { freshLedger, reserved } from './fresh.js';

describe.each(backends)('the leases of one task, on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeEach(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
  });

  const taskOf = async () => (await ledger.tasks.open(newTask()))!.id;
  const reserve = async (taskId: string, over: Partial<NewLease> = {}, caps: Conditions = {}) =>
    (await reserved(ledger, taskId, over, caps)).id;

  test('one more costs no more where there are many; all are listed, looked after, and end with the task', async () => {
    const task = await taskOf();
    const ids = await Promise.all(Array.from({ length: 200 }, () => reserve(task)));
    const fields = await redis.hgetall(`${prefix}:${task}`);
    expect(Math.max(...Object.values(fields).map((text) => text.length))).toBeLessThanOrEqual(64 * 6);

    const listed: string[] = [];
    for (let pageToken: string | undefined, more = true; more;) {
      const page = await ledger.leases.list({ task, pageSize: 70, ...(pageToken && { pageToken }) });
      listed.push(...page.items.map(({ id }) => id));
      pageToken = page.nextPageToken;
      more = pageToken !== undefined;
    }
    expect(listed.toSorted()).toEqual(ids.toSorted());

    await redis.del(`${prefix}:due:vault`);
    expect((await ledger.leases.mendIndex(10)).mended.toSorted()).toEqual(ids.toSorted());

    await ledger.tasks.end(task, { outcome: 'completed', by: 'op', via: 'api' });
    const states = await Promise.all(ids.map(async (id) => (await ledger.leases.find(id))?.state));
    expect(new Set(states)).toEqual(new Set(['revoking']));
  });

  test('of a hundred reservations at once, exactly as many as the task may have; what is over makes room', async () => {
    const [task, other] = [await taskOf(), await taskOf()];
    const came = await Promise.allSettled(
      Array.from({ length: 100 }, () => reserve(task, { mintTimeoutMs: 0 }, { ofTask: 7 })),
    );
    const made = came.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(made).toHaveLength(7);
    for (const each of came)
      if (each.status === 'rejected')
        expect(each.reason).toMatchObject({ code: 'task.full', retryAfterSeconds: 10 });
    await reserve(other, {}, { ofTask: 1 });

    await ledger.leases.revoke(made[0]!, 'operator', 'op');
    await expect(reserve(task, {}, { ofTask: 7 })).rejects.toMatchObject({ code: 'task.full' });
    await ledger.leases.settle(made[0]!, { is: 'revoked' });
    await reserve(task, {}, { ofTask: 7 });
    await expect(reserve(task, {}, { ofTask: 7 })).rejects.toMatchObject({ code: 'task.full' });
  });

  test('a lease that is over later than its task is kept leaves nothing of the task behind', async () => {
    const task = await taskOf();
    const lease = await reserve(task, { mintTimeoutMs: 0 });
    await ledger.leases.revoke(lease, 'operator', 'op');
    await redis.del(`${prefix}:${task}`);
    expect((await ledger.leases.settle(lease, { is: 'revoked' }))?.state).toBe('revoked');
    expect(await redis.exists(`${prefix}:${task}`)).toBe(0);
  });
});
