import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { NewLease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

describe.each(backends)('the end of a lease on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeAll(async () => {
    redis = await connected(url);
  });
  beforeEach(() => {
    prefix = uniquePrefix();
    ledger = redisLedger(redis, { prefix });
  });

  async function reserved(over: Partial<NewLease> = {}) {
    const task = (await ledger.tasks.open(newTask()))!;
    const lease = newLease(task.id, over);
    return ledger.leases.reserve(lease, reservedEvent(lease));
  }
  async function active(expiresInMs: number | undefined, over: Partial<NewLease> = {}) {
    const lease = await reserved(over);
    const expiresAt = expiresInMs === undefined ? undefined : lease.reservedAt + expiresInMs;
    return (await ledger.leases.activate(lease, { expiresAt, effect: lease.effect }))!;
  }
  const typesOf = async (subject: string) =>
    (await ledger.log.read({ subject, pageSize: 100 })).items.map((record) => record.event.type);

  test('I3: on its own clock the store lets nothing expire before its end, whatever the caller thinks it is', async () => {
    const lease = await active(30_000);
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    expect(await ledger.leases.settle(lease.id, { is: 'expired' })).toMatchObject({ state: 'revoking' });
    expect((await ledger.leases.claimDue('vault', 10)).nextDueAt).toBe(lease.expiresAt);
    const past = await active(-1);
    await ledger.leases.claimDue('vault', 10);
    expect(await ledger.leases.settle(past.id, { is: 'expired' })).toMatchObject({ state: 'expired' });
  });

  test('a deny that stands is written down once for each time that it was written, and the end is still to come', async () => {
    const lease = await active(30_000);
    const revoking = (await ledger.leases.revoke(lease.id, 'operator', 'op'))!;
    const writtenAt = revoking.revocationRequestedAt! + 250;
    const written = { is: 'waiting', untilAt: writtenAt + 5000, writtenAt } as const;
    expect(await ledger.leases.settle(lease.id, written)).toMatchObject({ state: 'revoking', writtenAt });
    await ledger.leases.settle(lease.id, written);
    expect((await ledger.leases.claimDue('vault', 10)).nextDueAt).toBe(writtenAt + 5000);
    const revoked = await ledger.leases.settle(lease.id, { is: 'revoked' });
    expect(revoked).toMatchObject({ state: 'revoked', writtenAt });
    const { items } = await ledger.log.read({ subject: lease.id, pageSize: 100 });
    const told = items.map(({ event }) => event).filter(({ type }) => type === 'lease.denied');
    expect(told).toEqual([expect.objectContaining({ cause: 'operator', lagMs: 250 })]);
  });

  test('I3: until it is known when it was minted, a credential may end as late as minting may', async () => {
    const lease = await reserved({ ttlSeconds: 0, mintTimeoutMs: 30_000 });
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    expect(await ledger.leases.settle(lease.id, { is: 'expired' })).toMatchObject({ state: 'revoking' });
    expect((await ledger.leases.claimDue('vault', 10)).nextDueAt).toBe(lease.mintUntil);
  });

  test('I3: minting that is certainly over, with an unknown result, began no later than now', async () => {
    const lease = await reserved({ ttlSeconds: 30 });
    await ledger.leases.abandon(lease.id, 'provider.nonsense', true);
    const abandoned = await ledger.leases.find(lease.id);
    expect(abandoned?.mintUntil).toBeUndefined();
    expect(abandoned?.expiresAt).toBeGreaterThanOrEqual(lease.expiresAt);
    expect(abandoned?.expiresAt).toBeLessThanOrEqual(ledger.clock() + 30_000 + 1000);
    await ledger.leases.abandon(lease.id, 'provider.nonsense', true);
    expect((await ledger.leases.find(lease.id))?.expiresAt).toBe(abandoned?.expiresAt);
  });

  test('I3: a credential without an end of its own is marked so, and due at the end of its lease', async () => {
    const lease = await active(undefined);
    expect(lease).toMatchObject({ unending: true });
    expect((await ledger.leases.claimDue('vault', 10)).nextDueAt).toBe(lease.expiresAt);
    expect(await active(5000)).not.toHaveProperty('unending');
  });

  test('REV-02: what turns out to expire only, while it is being revoked, is not late for its whole life', async () => {
    const lease = await reserved();
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    await ledger.leases.activate(lease, { expiresAt: lease.expiresAt, effect: 'expires_only' });
    expect(await redis.zcard(`${prefix}:open:vault`)).toBe(0);
    await ledger.leases.activate(lease, { expiresAt: lease.expiresAt, effect: 'revoked_at_provider' });
    expect(await redis.zcard(`${prefix}:open:vault`)).toBe(1);
  });

  test('an attempt that is told of a lease nobody asked to end changes nothing', async () => {
    const lease = await active(30_000);
    const failed = { is: 'failed', fault: 'provider.timeout', retryInMs: 1, stuck: true } as const;
    for (const settlement of [{ is: 'revoked' }, { is: 'expired' }, failed] as const)
      expect(await ledger.leases.settle(lease.id, settlement)).toEqual(lease);
    expect(await ledger.leases.find(lease.id)).toEqual(lease);
    expect(await typesOf(lease.id)).toEqual(['task.opened', 'lease.reserved', 'lease.active']);
  });

  test('I2: what minting learns after its lease is over, or of no lease at all, is refused', async () => {
    const lease = await active(30_000);
    await ledger.leases.learn(lease, { lease: 'better' });
    expect((await ledger.leases.find(lease.id))?.handle).toEqual({ lease: 'better' });
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    await ledger.leases.learn(lease, { lease: 'best' });
    await ledger.leases.settle(lease.id, { is: 'revoked' });
    await expect(ledger.leases.learn(lease, { lease: 'late' })).rejects.toMatchObject({
      code: 'provider.timeout',
    });
    expect((await ledger.leases.find(lease.id))?.handle).toEqual({ lease: 'best' });
    await expect(ledger.leases.learn({ ...lease, id: 'lse_00000000000000' }, {})).rejects.toMatchObject({
      code: 'provider.timeout',
    });
  });

  test('I3: a record whose body cannot be read is put aside and told, not tried for ever', async () => {
    const lease = await active(30_000);
    await ledger.leases.revoke(lease.id, 'operator', 'op');
    const text = await redis.get(`${prefix}:${lease.id}`);
    await redis.set(`${prefix}:${lease.id}`, text!.replace(/\n.*/s, '\n{"a":'));
    expect(await ledger.leases.claimDue('vault', 10)).toMatchObject({ leaseIds: [], nextDueAt: undefined });
    expect(await redis.zrange(`${prefix}:quarantine`, '0', '-1')).toEqual([lease.id]);
    expect(await typesOf(lease.taskId)).toContain('lease.quarantined');
    expect(await ledger.leases.overdueMs('vault')).toBe(0);
    expect(await ledger.leases.counts()).toEqual([]);
  });
});
