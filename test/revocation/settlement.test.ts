import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { faults } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import type { Lease } from '../../src/lease/lease.js';
import { certaintyMs, settle } from '../../src/revocation/settlement.js';
import type { Attempt } from '../../src/revocation/settlement.js';

const start = 1_900_000_000_000;

const aLease = fc
  .record(
    {
      reservedAt: fc.integer({ min: start, max: start + 1_000_000 }),
      ttlMs: fc.integer({ min: 1000, max: 86_400_000 }),
      attempts: fc.nat(1000),
      requestedAgoMs: fc.option(fc.nat(10_000_000), { nil: undefined }),
      mintMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
      unending: fc.boolean(),
    },
    { noNullPrototype: true },
  )
  .map(({ reservedAt, ttlMs, attempts, requestedAgoMs, mintMs, unending }): Lease => {
    return {
      id: 'lse_00000000000000',
      taskId: 'tsk_00000000',
      agent: 'a',
      entry: 'e',
      provider: 'p',
      parameters: {},
      handle: {},
      effect: 'revoked_at_provider',
      state: 'revoking',
      reservedAt,
      expiresAt: reservedAt + ttlMs,
      ceilingAt: reservedAt + ttlMs,
      attempts,
      ...(requestedAgoMs !== undefined && { revocationRequestedAt: reservedAt - requestedAgoMs }),
      ...(mintMs !== undefined && { mintUntil: reservedAt + mintMs }),
      ...(unending && { unending: true as const }),
    };
  });

const unconfirmed = fc.oneof<fc.Arbitrary<Attempt>[]>(
  fc.constant({ is: 'expires' }),
  fc.record({ is: fc.constant('pending' as const), againAfterSeconds: fc.nat(10_000) }),
  fc.record({
    is: fc.constant('written' as const),
    writtenAt: fc.integer({ min: start, max: start + 1_000_000 }),
    againAfterSeconds: fc.nat(10_000),
  }),
  fc.record({
    is: fc.constant('failed' as const),
    fault: fc.constantFrom(...(Object.keys(faults) as FaultCode[])),
  }),
  fc.record({
    is: fc.constant('failed' as const),
    fault: fc.constant('provider.throttled' as const),
    retryAfterSeconds: fc.nat(100_000),
  }),
  fc.record({ is: fc.constant('held' as const), againInMs: fc.integer({ min: 1, max: 15_000 }) }),
);
const now = fc.integer({ min: start, max: start + 200_000_000 });

/** The latest moment at which a credential of this lease can end by itself at its provider. */
const latestEnd = (lease: Lease): number =>
  lease.mintUntil === undefined ? lease.expiresAt : lease.mintUntil + (lease.expiresAt - lease.reservedAt);

describe('what an attempt to revoke comes to', () => {
  test('a confirmation by the provider is the end, whenever it comes', () => {
    fc.assert(
      fc.property(aLease, now, (lease, at) => {
        expect(settle({ is: 'revoked' }, lease, at)).toEqual({ is: 'revoked' });
      }),
    );
  });

  test('I3: without one, a lease is over only when its latest own end has certainly passed', () => {
    fc.assert(
      fc.property(aLease, unconfirmed, now, (lease, attempt, at) => {
        const settlement = settle(attempt, lease, at);
        expect(settlement.is).not.toBe('revoked');
        if (settlement.is === 'expired') expect(at).toBeGreaterThanOrEqual(latestEnd(lease) + certaintyMs);
      }),
    );
  });

  test('I3: what its provider never ends is never taken for expired because revoking it failed', () => {
    fc.assert(
      fc.property(aLease, unconfirmed, now, (lease, attempt, at) => {
        fc.pre(lease.unending === true && attempt.is !== 'expires');
        expect(['failed', 'waiting']).toContain(settle(attempt, lease, at).is);
      }),
    );
  });

  test('I3: what is not over is looked at again, later than now and no later than its certain end', () => {
    fc.assert(
      fc.property(aLease, unconfirmed, now, (lease, attempt, at) => {
        const settlement = settle(attempt, lease, at);
        const certainlyOverAt = latestEnd(lease) + certaintyMs;
        if (settlement.is === 'waiting') {
          expect(settlement.untilAt).toBeGreaterThan(at);
          if (lease.unending !== true) expect(settlement.untilAt).toBeLessThanOrEqual(certainlyOverAt);
          expect(Number.isFinite(settlement.untilAt)).toBe(true);
        }
        if (settlement.is === 'failed') {
          expect(settlement.retryInMs).toBeGreaterThan(0);
          expect(settlement.retryInMs).toBeLessThanOrEqual(300_000);
          if (lease.unending !== true) expect(at + settlement.retryInMs).toBeLessThanOrEqual(certainlyOverAt);
        }
      }),
    );
  });

  test('a provider that says when to come again is not asked before, up to five minutes', () => {
    fc.assert(
      fc.property(aLease, now, fc.integer({ min: 1, max: 600 }), (lease, at, retryAfterSeconds) => {
        const settlement = settle(
          { is: 'failed', fault: 'provider.throttled', retryAfterSeconds },
          lease,
          at,
        );
        if (settlement.is !== 'failed') return;
        const overInMs = lease.unending === true ? Infinity : latestEnd(lease) + certaintyMs - at;
        expect(settlement.retryInMs).toBeGreaterThanOrEqual(
          Math.min(retryAfterSeconds * 1000, 300_000, overInMs),
        );
      }),
    );
  });

  test('OPS-03: a failure keeps its fault, and is stuck by how often and how long it has failed', () => {
    fc.assert(
      fc.property(aLease, now, (lease, at) => {
        const settlement = settle({ is: 'failed', fault: 'provider.throttled' }, lease, at);
        if (settlement.is !== 'failed') return;
        expect(settlement.fault).toBe('provider.throttled');
        const sinceMs = at - (lease.revocationRequestedAt ?? at);
        expect(settlement.stuck).toBe(lease.attempts + 1 >= 6 || sinceMs >= 600_000);
      }),
    );
  });

  test('a provider that asks for it is left in peace, though not for ever, nor past the end of the credential', () => {
    fc.assert(
      fc.property(aLease, now, fc.integer({ min: 0, max: 86_400 }), (lease, at, retryAfterSeconds) => {
        const attempt = { is: 'failed', fault: 'provider.throttled', retryAfterSeconds } as const;
        const settlement = settle(attempt, lease, at);
        if (settlement.is !== 'failed') return;
        const overAt = lease.unending ? Infinity : latestEnd(lease) + certaintyMs;
        const asked = Math.min(retryAfterSeconds * 1000, 300_000, overAt - at);
        expect(settlement.retryInMs).toBeGreaterThanOrEqual(asked);
        expect(settlement.retryInMs).toBeLessThanOrEqual(Math.min(300_000, overAt - at));
      }),
    );
  });
});
