import { beforeEach, describe, expect, test } from '@jest/globals';
import { openBreaker } from '../../src/broker/breaker.js';
import { Fault } from '../../src/kernel/fault.js';
import { agent } from '../fake/broker-ports.js';
import { signal } from '../fake/signal.js';
import { hourMs, leased, renewing } from './renewing.js';
import type { Renewing } from './renewing.js';

let it: Renewing;
beforeEach(async () => {
  it = await renewing();
});
const openBreakers = () => ({ issuing: openBreaker(), revoking: openBreaker() });
const refused = (code: string) => expect.objectContaining({ code });

describe('what the provider does', () => {
  test('gives less: that is the end, and the answer says so', async () => {
    it.provider.renewing = { byMs: -300_000, replaces: false };
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const { lease: renewed } = await broker.renew(agent, { lease: lease.id, ttlSeconds: 1200 });
    expect(renewed.expiresAt).toBe(it.provider.ends.get(lease.id));
  });

  test.each([
    ['an hour more', hourMs],
    ['no end at all', Infinity],
    ['no number', NaN],
  ])('gives %s than asked for: nonsense, and the credential is taken back', async (_what, byMs) => {
    it.provider.renewing = { byMs, replaces: true };
    const { broker, settled } = it.world();
    const { lease } = await leased(broker, it.ledger);
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('provider.nonsense'));
    await settled();
    expect(it.provider.live.size).toBe(0);
    expect(await it.ledger.leases.find(lease.id)).toMatchObject({
      state: 'revoked',
      cause: 'mint_unresolved',
    });
  });

  test('makes a new secret: it is handed over, once', async () => {
    it.provider.renewing = { byMs: 0, replaces: true };
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const { secret } = await broker.renew(agent, { lease: lease.id });
    expect(secret?.reveal()).toEqual({ password: `another-of-${lease.id}` });
    expect(JSON.stringify(await it.eventsOf(lease.id))).not.toContain('another-of');
  });

  test('refuses: the lease is what it was, and can be renewed later', async () => {
    it.provider.failing.renew = new Fault('provider.refused', 'No.');
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('provider.refused'));
    const after = (await it.ledger.leases.find(lease.id))!;
    expect(after).toMatchObject({ state: 'active', expiresAt: lease.expiresAt });
    expect(after).not.toHaveProperty('mintUntil');
    expect((await it.eventsOf(lease.id)).map(({ type }) => type).slice(3)).toEqual([
      ...['lease.renewing', 'lease.renew_failed', 'lease.renew_refused'],
    ]);
    delete it.provider.failing.renew;
    await expect(broker.renew(agent, { lease: lease.id })).resolves.toBeDefined();
  });

  test('I2: does not answer: the lease ends when it would have, and is not over before the end that was asked for', async () => {
    const { broker } = it.world({ mintTimeoutMs: 1 });
    const { lease } = await leased(it.world().broker, it.ledger);
    const held = signal();
    it.provider.hold.beforeRenew = held.given;
    const asked = { lease: lease.id, ttlSeconds: 1800 };
    await expect(broker.renew(agent, asked)).rejects.toEqual(refused('provider.timeout'));
    const after = (await it.ledger.leases.find(lease.id))!;
    expect(after.expiresAt).toBe(lease.expiresAt);
    expect(after.mayLiveUntil).toBeGreaterThan(lease.expiresAt + 1_000_000);
    expect((await it.ledger.leases.claimDue('pretend', 10)).nextDueAt).toBe(lease.expiresAt);
    held.give();
  });
});

describe('I4: a task that ends while the provider renews', () => {
  async function endedMeanwhile(replaces: boolean) {
    it.provider.renewing = { byMs: 0, replaces };
    const { broker, settled } = it.world();
    const { task, lease } = await leased(broker, it.ledger);
    const held = signal();
    it.provider.hold.afterRenew = held.given;
    const renewal = broker.renew(agent, { lease: lease.id, ttlSeconds: 3000 });
    await it.asked();
    await broker.endTask(agent, task.id, 'completed');
    return { broker, lease, held, renewal, settled };
  }

  test.each([true, false])('gets no later end and no secret (new secret: %s)', async (replaces) => {
    const { lease, held, renewal, settled } = await endedMeanwhile(replaces);
    held.give();
    await expect(renewal).rejects.toEqual(refused('task.ended'));
    await settled();
    expect(it.provider.live.size).toBe(0);
    const after = (await it.ledger.leases.find(lease.id))!;
    expect(after).toMatchObject({ state: 'revoked', cause: 'task_end', expiresAt: lease.expiresAt });
    expect(after).not.toHaveProperty('renewedAt');
  });

  test('a revocation that the provider confirms is not final while it may still be renewing', async () => {
    const { broker, lease, held, renewal, settled } = await endedMeanwhile(true);
    await settled();
    expect(it.provider.live.size).toBe(0);
    expect(await it.ledger.leases.find(lease.id)).toMatchObject({ state: 'revoking' });
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('task.ended'));
    held.give();
    await expect(renewal).rejects.toEqual(refused('task.ended'));
    await settled();
    expect(await it.ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked' });
  });

  test('no renewal begins after it', async () => {
    const { broker } = it.world();
    const { task, lease } = await leased(broker, it.ledger);
    await broker.endTask(agent, task.id, 'completed');
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('task.ended'));
    expect(it.renewCalls()).toEqual([]);
  });
});

describe('I7: in doubt nothing is carried on', () => {
  test.each(['admission', 'guard', 'store', 'breaker'])('%s', async (doubtful) => {
    const { lease } = await leased(it.world().broker, it.ledger);
    const no = () => {
      throw new Fault('state.unavailable', `not by the ${doubtful}`);
    };
    const guard = { admit() {}, hasGoneBack: () => false, mustHold: () => undefined };
    const breakers = { ...openBreakers(), issuing: { run: no, isOpen: () => true } };
    const over = {
      admission: { admission: { admit: no } },
      guard: { guard: { ...guard, admit: no } },
      store: { guard: { ...guard, mustHold: () => '1-1' } },
      breaker: { breakers },
    }[doubtful]!;
    const { broker } = it.world({}, over);
    const code = doubtful === 'store' ? 'state.rolled_back' : 'state.unavailable';
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused(code));
    expect(it.renewCalls()).toEqual([]);
    expect(await it.ledger.leases.find(lease.id)).toEqual(lease);
  });
});

describe('beside each other', () => {
  test('of two renewals at once, one is told of the other', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const held = signal();
    it.provider.hold.beforeRenew = held.given;
    const first = broker.renew(agent, { lease: lease.id, ttlSeconds: 1200 });
    await it.asked();
    await expect(broker.renew(agent, { lease: lease.id })).rejects.toEqual(refused('lease.renewing'));
    held.give();
    await expect(first).resolves.toMatchObject({ lease: { renewals: 1 } });
  });

  test('POL-03: policy that changed while the provider renewed, and permits it no longer, ends the lease', async () => {
    const { broker, settled } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const held = signal();
    it.provider.hold.afterRenew = held.given;
    const renewal = broker.renew(agent, { lease: lease.id });
    await it.asked();
    it.digest = 'd2';
    it.says = () => ({ is: 'deny', because: ['not-any-more'], errors: [] });
    held.give();
    await expect(renewal).rejects.toMatchObject({ code: 'policy.changed' });
    await settled();
    expect(await it.ledger.leases.find(lease.id)).toMatchObject({
      state: 'revoked',
      cause: 'policy_changed',
    });
    expect(it.provider.live.size).toBe(0);
  });
});

describe('a repeated key', () => {
  test('ISS-08: is carried out once, and answers with the lease as it is', async () => {
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const asked = { lease: lease.id, ttlSeconds: 3600 };
    const first = await broker.renew(agent, asked, 'key');
    expect((await broker.renew(agent, asked, 'key')).lease).toEqual(first.lease);
    expect(it.renewCalls()).toHaveLength(1);
    await expect(broker.renew(agent, { ...asked, reason: 'other' }, 'key')).rejects.toEqual(
      refused('idempotency.reused'),
    );
  });

  test('with a secret that was lost on the way makes another, and no later end', async () => {
    it.provider.renewing = { byMs: 0, replaces: true };
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const asked = { lease: lease.id, ttlSeconds: 1200 };
    const first = await broker.renew(agent, asked, 'key');
    const second = await broker.renew(agent, asked, 'key');
    expect(second.secret).toBeDefined();
    expect(second.lease.expiresAt).toBeLessThanOrEqual(first.lease.expiresAt);
  });

  test('that is still being worked on is told so, and one that failed is tried again', async () => {
    it.provider.failing.renew = new Fault('provider.refused', 'No.');
    const { broker } = it.world();
    const { lease } = await leased(broker, it.ledger);
    const asked = { lease: lease.id, ttlSeconds: 1200 };
    await expect(broker.renew(agent, asked, 'key')).rejects.toEqual(refused('provider.refused'));
    delete it.provider.failing.renew;
    const held = signal();
    it.provider.hold.beforeRenew = held.given;
    await it.asked();
    const again = broker.renew(agent, asked, 'key');
    await it.asked();
    await expect(broker.renew(agent, asked, 'key')).rejects.toEqual(refused('idempotency.in_flight'));
    held.give();
    await expect(again).resolves.toBeDefined();
  });
});
