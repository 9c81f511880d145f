import { beforeEach, describe, expect, test } from '@jest/globals';
import type { NewLease } from '../../src/lease/lease.js';
import type { Conditions, Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { agent, newTask } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { activated, freshLedger, reserved } from './fresh.js';

describe.each(backends)('live leases on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeEach(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
  });

  const taskOf = async (over = {}) => (await ledger.tasks.open(newTask(over)))!.id;
  const reserve = (taskId: string, over: Partial<NewLease> = {}, caps: Conditions = {}, key?: string) =>
    reserved(ledger, taskId, over, caps, key === undefined ? undefined : { key, digest: 'd' });
  const live = () => redis.hgetall(`${prefix}:live`);

  test.each([
    ['ofAgent', 'This agent has as many live leases as it may have.'],
    ['ofEntry', 'There are as many live leases of this catalog entry as there may be.'],
    ['inAll', 'There are as many live leases as there may be.'],
  ] as const)(
    'of a hundred reservations at once under a bound %s, exactly as many as it allows',
    async (cap, message) => {
      const task = await taskOf();
      const came = await Promise.allSettled(
        Array.from({ length: 100 }, () => reserve(task, {}, { [cap]: 7 })),
      );
      expect(came.filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
      for (const each of came)
        if (each.status === 'rejected')
          expect(each.reason).toMatchObject({ code: 'lease.limit', message, retryAfterSeconds: 10 });
    },
  );

  test('a bound is of its own agent, or its own entry', async () => {
    const [mine, other] = [await taskOf(), await taskOf({ agent: 'another' })];
    await reserve(mine);
    await expect(reserve(mine, {}, { ofAgent: 1 })).rejects.toMatchObject({ code: 'lease.limit' });
    await reserve(other, { agent: 'another' }, { ofAgent: 1 });
    await expect(reserve(mine, {}, { ofEntry: 2 })).rejects.toMatchObject({ code: 'lease.limit' });
    await reserve(mine, { entry: 'another-entry' }, { ofEntry: 1 });
  });

  test('what is being revoked is live until it is over, and then makes room', async () => {
    const task = await taskOf();
    const { id } = await reserve(task, { mintTimeoutMs: 0 });
    await ledger.leases.revoke(id, 'operator', 'op');
    await expect(reserve(task, {}, { ofAgent: 1 })).rejects.toMatchObject({ code: 'lease.limit' });
    await ledger.leases.settle(id, { is: 'revoked' });
    expect(await live()).toEqual({});
    await reserve(task, {}, { ofAgent: 1 });
    expect(await live()).toEqual({ [`a:${agent}`]: '1', 'e:reports-db': '1' });
  });

  test('a retry that meets a bound ends nothing, and is told the same again', async () => {
    const task = await taskOf();
    const first = await reserve(task, { mintTimeoutMs: 0 }, {}, 'key');
    for (let again = 0; again < 2; again++)
      await expect(reserve(task, {}, { ofAgent: 1 }, 'key')).rejects.toMatchObject({ code: 'lease.limit' });
    expect((await ledger.leases.find(first.id))?.state).toBe('reserved');
  });
});

test.each(backends)(
  'of many that ask for a turn one has it, and nobody until it is over, on $name',
  async ({ url }) => {
    const { ledger } = await freshLedger(url);
    const asked = await Promise.all(Array.from({ length: 20 }, () => ledger.takeTurn('t', 60_000)));
    expect(asked.filter(Boolean)).toHaveLength(1);
    expect(await ledger.takeTurn('t', 60_000)).toBe(false);
    expect(await ledger.takeTurn('another', 1)).toBe(true);
    const again = async (): Promise<boolean> => (await ledger.takeTurn('another', 60_000)) || again();
    expect(await again()).toBe(true);
  },
);

describe.each(backends)('records that cannot be read, on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeEach(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
  });

  async function leased() {
    const task = (await ledger.tasks.open(newTask()))!.id;
    const lease = await reserved(ledger, task);
    await activated(ledger, lease, ledger.clock() - 1);
    return lease.id;
  }
  const counted = async () => ({
    live: await redis.hgetall(`${prefix}:live`),
    states: await ledger.leases.counts(),
  });

  test.each([
    ['is gone', (key: string) => redis.del(key)],
    ['is text', (key: string) => redis.set(key, 'not a lease')],
    ['has no body', async (key: string) => redis.set(key, `${(await redis.get(key))!.split('\n')[0]!}\n{}`)],
  ])('rule 9: a record that %s is put aside, seen, and counted no longer', async (_what, spoil) => {
    const [good, bad] = [await leased(), await leased()];
    await spoil(`${prefix}:${bad}`);
    expect((await ledger.leases.claimDue('vault', 10)).leaseIds).toEqual([good]);
    expect(await ledger.leases.quarantined()).toBe(1);
    expect(await counted()).toEqual({
      live: { [`a:${agent}`]: '1', 'e:reports-db': '1' },
      states: [{ provider: 'vault', state: 'revoking', count: 1 }],
    });
  });

  test('rule 9: one that can be read again is due again, and counted', async () => {
    const id = await leased();
    const record = (await redis.get(`${prefix}:${id}`))!;
    for (let time = 0; time < 2; time++) {
      await redis.set(`${prefix}:${id}`, 'not a lease');
      await ledger.leases.claimDue('vault', 10);
      expect(await ledger.leases.readAgain(10)).toEqual([]);
      expect(await counted()).toEqual({ live: {}, states: [] });
      await redis.set(`${prefix}:${id}`, record);
      expect(await ledger.leases.readAgain(10)).toEqual(['vault']);
      expect(await ledger.leases.quarantined()).toBe(0);
      expect(await counted()).toEqual({
        live: { [`a:${agent}`]: '1', 'e:reports-db': '1' },
        states: [{ provider: 'vault', state: 'active', count: 1 }],
      });
    }
    expect((await ledger.leases.claimDue('vault', 10)).leaseIds).toEqual([id]);
    await ledger.leases.settle(id, { is: 'revoked' });
    expect(await counted()).toEqual({ live: {}, states: [] });
    const { items } = await ledger.log.read({ subject: id, pageSize: 20 });
    expect(items.map(({ event }) => event.type)).toEqual([
      ...['task.opened', 'lease.reserved', 'lease.active', 'lease.quarantined', 'lease.readable'],
      ...['lease.quarantined', 'lease.readable', 'lease.revoking', 'lease.revoked'],
    ]);
  });
});
