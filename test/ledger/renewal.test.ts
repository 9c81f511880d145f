import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Lease, NewLease } from '../../src/lease/lease.js';
import { latestEndOf } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { NewRenewal } from '../../src/ledger/renewal-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { clockedRedis } from '../fake/clocked-redis.js';
import type { ClockedRedis } from '../fake/clocked-redis.js';
import { newLease, newTask, renewingEvent, reservedEvent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

describe.each(backends)('renewing on $name, on a clock that the test sets', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let clock: ClockedRedis;
  let ledger: Ledger;
  const start = Date.now();
  beforeAll(async () => {
    redis = await connected(url);
  });
  beforeEach(async () => {
    prefix = uniquePrefix();
    clock = await clockedRedis(redis, prefix, start);
    ledger = redisLedger(clock.redis, { prefix, clock: clock.now });
    await ledger.check();
  });

  /** A lease for 30 s, of a task for 60 s, that renewals may carry to 100 s. */
  async function active(over: Partial<NewLease> = {}, deadlineInMs = 60_000): Promise<Lease> {
    const task = (await ledger.tasks.open(newTask({ deadlineAt: clock.now() + deadlineInMs })))!;
    const asked = newLease(task.id, { ttlSeconds: 30, ceilingSeconds: 100, ...over });
    const lease = await ledger.leases.reserve(asked, reservedEvent(asked));
    const minted = { expiresAt: lease.expiresAt, effect: lease.effect };
    return (await ledger.leases.activate(lease, minted))!;
  }
  const renewal = (lease: Lease, over: Partial<NewRenewal> = {}): NewRenewal => ({
    id: `req_${Math.random()}`,
    lease,
    askedSeconds: 40,
    mayShorten: true,
    limitAt: Infinity,
    minimumSeconds: 1,
    timeoutMs: 20_000,
    ...over,
  });
  const begin = (lease: Lease, over: Partial<NewRenewal> = {}) =>
    ledger.renewals.begin(renewal(lease, over), renewingEvent(lease));
  const after = (ms: number) => clock.set(start + ms);
  const found = async ({ id }: Lease) => (await ledger.leases.find(id))!;
  const due = async () => ledger.leases.claimDue('vault', 10);

  test('while it is under way the record has the later end, and is due at the old one', async () => {
    const lease = await active();
    await after(10_000);
    const begun = (await begin(lease))!;
    expect(begun).toMatchObject({ ttlSeconds: 40, endsAt: start + 50_000 });
    const under = await found(lease);
    expect(under.expiresAt).toBe(lease.expiresAt);
    expect(under).toMatchObject({ mayLiveUntil: start + 70_000, mintUntil: start + 30_000 });
    expect((await due()).nextDueAt).toBe(lease.expiresAt);
  });

  test('I2: cut off under way, it is taken back at its old end, and "expired" waits for the end that was asked for', async () => {
    const lease = await active();
    await after(10_000);
    await begin(lease);
    await after(30_000);
    expect((await due()).leaseIds).toEqual([lease.id]);
    await after(69_999);
    expect(await ledger.leases.settle(lease.id, { is: 'expired' })).toMatchObject({ state: 'revoking' });
    await after(70_000);
    expect(await ledger.leases.settle(lease.id, { is: 'expired' })).toMatchObject({ state: 'expired' });
  });

  test('a revocation is not final while the provider may still be renewing', async () => {
    const lease = await active();
    await begin(lease);
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    expect(await ledger.leases.settle(lease.id, { is: 'revoked' })).toMatchObject({ state: 'revoking' });
    await after(20_000);
    expect(await ledger.leases.settle(lease.id, { is: 'revoked' })).toMatchObject({ state: 'revoked' });
  });

  test('a renewal whose broker died is in the way of the next one no longer than it could have lasted', async () => {
    const lease = await active();
    await begin(lease);
    await after(19_999);
    await expect(begin(lease)).rejects.toMatchObject({ code: 'lease.renewing', retryAfterSeconds: 1 });
    await after(20_000);
    const begun = (await begin(lease, { askedSeconds: 20 }))!;
    const now = await ledger.renewals.finish(begun, { expiresAt: begun.endsAt, replaced: false });
    expect(now.expiresAt).toBe(start + 40_000);
    // The first one may have been carried out, and be what ends last.
    expect(latestEndOf(now)).toBe(start + 60_000);
  });

  test('CVE-2021-32923: in the final millisecond it is renewed to a finite end, and at the end refused', async () => {
    const lease = await active();
    await after(29_999);
    const begun = (await begin(lease))!;
    const now = await ledger.renewals.finish(begun, { expiresAt: begun.endsAt, replaced: false });
    expect(now.expiresAt).toBe(start + 59_999);
    expect((await due()).nextDueAt).toBe(now.expiresAt);
    await after(59_999);
    await expect(begin(lease)).rejects.toMatchObject({ code: 'lease.not_active' });
    expect((await due()).leaseIds).toEqual([lease.id]);
  });

  test('renewed once too often at the ceiling, it stays at the ceiling', async () => {
    const lease = await active({ ceilingSeconds: 35 });
    const begun = (await begin(lease))!;
    await ledger.renewals.finish(begun, { expiresAt: begun.endsAt, replaced: false });
    for (const ms of [1, 999, 5_500, 34_000]) {
      await after(ms);
      await expect(begin(lease)).rejects.toMatchObject({ code: 'lease.at_ceiling' });
    }
    expect((await found(lease)).expiresAt).toBe(start + 35_000);
  });

  test.each(['claim first', 'finish first'])(
    'of an expiry and a renewal in one instant, %s wins',
    async (order) => {
      const lease = await active();
      await after(29_000);
      const begun = (await begin(lease))!;
      await after(30_000);
      // The provider's own end, however late it says that it is.
      const expiresAt = begun.endsAt + 600_000;
      const finish = () => ledger.renewals.finish(begun, { expiresAt, replaced: false });
      if (order === 'finish first') {
        await finish();
        expect((await due()).leaseIds).toEqual([]);
        return;
      }
      expect((await due()).leaseIds).toEqual([lease.id]);
      await expect(finish()).rejects.toMatchObject({ code: 'lease.not_active' });
      const lost = await found(lease);
      expect(lost).toMatchObject({ state: 'revoking', cause: 'expiry', expiresAt: lease.expiresAt });
      expect(latestEndOf(lost)).toBeGreaterThanOrEqual(expiresAt);
      expect((await due()).leaseIds).toEqual([lease.id]);
    },
  );

  test('I4: a task whose deadline passes while the provider renews takes the lease with it', async () => {
    const lease = await active({}, 31_000);
    await after(29_000);
    const begun = (await begin(lease))!;
    expect(begun.endsAt).toBe(start + 31_000);
    await after(31_000);
    await expect(
      ledger.renewals.finish(begun, { expiresAt: begun.endsAt, replaced: true }),
    ).rejects.toMatchObject({ code: 'task.ended' });
    expect(await found(lease)).toMatchObject({ state: 'revoking' });
  });

  test('an answer that comes when another renewal is under way changes nothing of that one', async () => {
    const lease = await active();
    const first = (await begin(lease, { timeoutMs: 1 }))!;
    await after(10);
    const second = (await begin(lease, { askedSeconds: 35 }))!;
    const late = ledger.renewals.finish(first, { expiresAt: first.endsAt, replaced: false });
    await expect(late).rejects.toMatchObject({ code: 'lease.renewing' });
    await ledger.renewals.fail(first, 'provider.timeout', { settled: true });
    const now = await ledger.renewals.finish(second, { expiresAt: second.endsAt, replaced: false });
    expect(now).toMatchObject({ expiresAt: start + 35_010, renewals: 1 });
    expect(latestEndOf(now)).toBeGreaterThanOrEqual(first.endsAt);
  });

  test('an end that has passed when the answer comes is no end: the lease keeps its own', async () => {
    const lease = await active();
    const begun = (await begin(lease, { askedSeconds: 5 }))!;
    await after(6_000);
    await expect(
      ledger.renewals.finish(begun, { expiresAt: begun.endsAt, replaced: false }),
    ).rejects.toMatchObject({ code: 'provider.timeout' });
    expect(await found(lease)).toMatchObject({ state: 'active', expiresAt: lease.expiresAt });
  });

  test('a clock that is set back lengthens nothing past the ceiling and the deadline, and one set ahead ends it', async () => {
    const lease = await active();
    await after(-3_600_000);
    const begun = (await begin(lease, { askedSeconds: 3600 }))!;
    const said = clock.now() + 3_600_000;
    const now = await ledger.renewals.finish(begun, { expiresAt: said, replaced: false });
    expect(now.expiresAt).toBeLessThanOrEqual(lease.ceilingAt!);
    await after(3_600_000);
    await expect(begin(lease)).rejects.toMatchObject({ code: 'task.ended' });
    expect((await due()).leaseIds).toEqual([lease.id]);
  });

  test('a record from before there were ceilings is carried no further', async () => {
    const lease = await active();
    const { redis: store } = clock;
    const name = `${prefix}:${lease.id}`;
    await store.set(name, (await store.get(name))!.replace(/"y":[\d.e+]+,?/, '').replace(',}', '}'));
    await expect(begin(lease)).rejects.toMatchObject({ code: 'lease.at_ceiling' });
  });
});
