import { beforeEach, describe, expect, test } from '@jest/globals';
import { admin, agent, entry, orchestrator, otherAgent, permitting } from '../fake/broker-ports.js';
import type { Broker } from '../../src/broker/broker.js';
import { hourMs, leased, renewing } from './renewing.js';
import type { Renewing } from './renewing.js';

let it: Renewing;
beforeEach(async () => {
  it = await renewing();
});
const refused = (code: string) => expect.objectContaining({ code });

describe('renewing a lease', () => {
  test('moves its end, its place in the due index, and says so', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const { lease: renewed, secret } = await broker.renew(agent, { lease: lease.id, ttlSeconds: 1200 });
    expect(secret).toBeUndefined();
    expect(renewed).toMatchObject({ state: 'active', renewals: 1, ceilingAt: lease.reservedAt + hourMs });
    expect(renewed.expiresAt - renewed.renewedAt!).toBeLessThanOrEqual(1_200_000);
    expect(renewed.expiresAt).toBeGreaterThan(lease.expiresAt + 500_000);
    expect(await broker.findLease(agent, lease.id)).toEqual(renewed);
    expect((await it.ledger.leases.claimDue('pretend', 10)).nextDueAt).toBe(renewed.expiresAt);
    expect(it.provider.live.has(lease.id)).toBe(true);
  });

  test('POL-02: policy is asked again, about the whole life of the lease, with what it was issued for', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger, { tool: 'sql.query' });
    await broker.renew(agent, { lease: lease.id, ttlSeconds: 900, reason: 'not done yet' });
    await broker.renew(agent, { lease: lease.id, ttlSeconds: 1800 });
    expect(it.asks.map(({ renewals }) => renewals)).toEqual([undefined, 1, 2]);
    expect(it.asks[1]).toMatchObject({ tool: 'sql.query', asserted: { reason: 'not done yet' } });
    expect(it.asks[2]!.ttlSeconds).toBeGreaterThanOrEqual(1800);
    const events = await it.eventsOf(lease.id);
    expect(events.map(({ type }) => type)).toEqual([
      ...['task.opened', 'lease.reserved', 'lease.active'],
      ...['lease.renewing', 'lease.renewed', 'lease.renewing', 'lease.renewed'],
    ]);
    expect(events[3]).toMatchObject({
      asked: { entry: 'pretend-entry', ttlSeconds: 900, tool: 'sql.query', reason: 'not done yet' },
      decided: { is: 'permit', because: ['allow-all'], policyDigest: 'd1' },
    });
    expect(events[4]).toMatchObject({ expiredAt: lease.expiresAt, renewals: 1, secret: false });
  });

  test('POL-02: what policy no longer permits is not renewed, and lives to its old end', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    it.says = () => ({ is: 'deny', because: ['no-more'], errors: [] });
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toMatchObject({
      code: 'policy.denied',
      policies: ['no-more'],
    });
    expect(it.renewCalls()).toEqual([]);
    expect(await it.ledger.leases.find(lease.id)).toEqual(lease);
    expect((await it.eventsOf(lease.id)).at(-1)).toMatchObject({
      type: 'lease.renew_refused',
      fault: 'policy.denied',
      decided: { is: 'deny', because: ['no-more'] },
    });
  });

  test('an entry that is gone, or has other parameters or another provider, is not renewed', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    it.catalog = [];
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('credential.unknown'));
    const needed = { type: 'enum', values: ['a'] } as const;
    it.catalog = [entry('pretend', { parameters: { folder: needed } })];
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('credential.parameters'));
    it.catalog = [entry('pretend', { provider: 'other' })];
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('lease.not_renewable'));
    expect(it.renewCalls()).toEqual([]);
  });

  test('ISS-06: is for the agent that has it, and nobody else', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    await expect(broker.renew(otherAgent, { lease: lease.id })).rejects.toEqual(refused('lease.unknown'));
    for (const who of [admin, orchestrator])
      await expect(broker.renew(who, { lease: lease.id })).rejects.toEqual(refused('role.missing'));
    await expect(broker.renew(agent, { lease: 'lse_00000000000000' })).rejects.toEqual(
      refused('lease.unknown'),
    );
    expect(it.renewCalls()).toEqual([]);
  });

  test('a provider that cannot renew says so, and nothing has begun', async () => {
    delete it.provider.renew;
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('lease.not_renewable'));
    expect(await it.ledger.leases.find(lease.id)).toEqual(lease);
  });

  test('a lease that is ending is not renewed', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    await broker.revokeLease(agent, lease.id);
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('lease.not_active'));
    expect(it.renewCalls()).toEqual([]);
  });
});

describe('how far', () => {
  const far = async (broker: Broker, lease: string, ttlSeconds = 3600) =>
    (await broker.renew(agent, { lease, ttlSeconds })).lease.expiresAt;

  test('never past the ceiling that was fixed when it was reserved; at it, renewing is a fault with a remedy', async () => {
    it.says = () => permitting(1200);
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    it.says = () => permitting(3600);
    expect(await far(broker, lease.id)).toBeLessThanOrEqual(lease.reservedAt + 1_200_000);
    await expect(far(broker, lease.id)).rejects.toEqual(refused('lease.at_ceiling'));
    expect((await it.ledger.leases.find(lease.id))!.renewals).toBe(1);
  });

  test('never past what policy gives now, counted from the first issue', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    it.says = () => permitting(900);
    expect(await far(broker, lease.id)).toBeLessThanOrEqual(lease.reservedAt + 900_000);
    it.says = () => permitting(300);
    await expect(far(broker, lease.id)).rejects.toEqual(refused('lease.at_ceiling'));
  });

  test('never past the deadline of the task', async () => {
    const { broker } = it.world();
    const { task, lease } = await leased(broker, it.ledger, { deadlineInMs: 1_000_000 });
    expect(await far(broker, lease.id)).toBeLessThanOrEqual(task.deadlineAt);
    await expect(far(broker, lease.id)).rejects.toEqual(refused('lease.at_ceiling'));
  });

  test('never past the proof of who asks, where that is configured', async () => {
    const { broker } = it.world({ endWithProof: true });
    const { lease } = await leased(broker, it.ledger);
    const proofExpiresAt = it.ledger.clock() + 1_500_000;
    const { lease: renewed } = await broker.renew(
      { ...agent, proofExpiresAt },
      { lease: lease.id, ttlSeconds: 3600 },
    );
    expect(renewed.expiresAt).toBeLessThanOrEqual(proofExpiresAt);
  });

  test('never longer than the provider mints', async () => {
    Object.assign(it.provider, { maximumTtlSeconds: 700 });
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    expect(await far(broker, lease.id)).toBeLessThanOrEqual(it.ledger.clock() + 700_000);
  });

  test('without a TTL it never shortens; with one, less is what was asked for', async () => {
    it.catalog = [entry('pretend', { defaultTtlSeconds: 300 })];
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    expect((await broker.renew(agent, { lease: lease.id })).lease).toEqual(lease);
    expect(it.renewCalls()).toEqual([]);
    const { lease: shorter } = await broker.renew(agent, { lease: lease.id, ttlSeconds: 60 });
    expect(shorter.expiresAt - shorter.renewedAt!).toBeLessThanOrEqual(60_000);
    expect((await it.ledger.leases.claimDue('pretend', 10)).nextDueAt).toBe(shorter.expiresAt);
  });

  test.each([
    ['0', 0],
    ['negative', -1],
    ['not whole', 1.5],
    ['not a number', NaN],
    ['infinite', Infinity],
    ['one second more than the entry has', 3601],
    ['999999999 days', 999_999_999 * 86_400],
    ['the largest number', Number.MAX_SAFE_INTEGER],
    ['more than a number can hold', Number.MAX_VALUE],
  ])('6.5(1): a TTL that is %s is refused, and asks nobody', async (_what, ttlSeconds) => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    await expect(far(broker, lease.id, ttlSeconds)).rejects.toEqual(refused('ttl.invalid'));
    expect(it.renewCalls()).toEqual([]);
    expect(await it.ledger.leases.find(lease.id)).toEqual(lease);
  });

  test('ISS-03: less than the provider can mint is refused rather than rounded up', async () => {
    Object.assign(it.provider, { minimumTtlSeconds: () => 300 });
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    await expect(far(broker, lease.id, 299)).rejects.toEqual(refused('ttl.below_floor'));
  });
});
