import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fault } from '../../src/kernel/fault.js';
import { isOver, latestEndOf } from '../../src/lease/lease.js';
import type { Lease } from '../../src/lease/lease.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { BegunRenewal } from '../../src/ledger/renewal-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { clockedRedis } from '../fake/clocked-redis.js';
import type { ClockedRedis } from '../fake/clocked-redis.js';
import { newLease, newTask, renewingEvent, reservedEvent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

// PROTEM_TEST_SEED replays what a failing run has printed; PROTEM_TEST_RUNS makes it search longer.
const seed = Number(process.env['PROTEM_TEST_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env['PROTEM_TEST_RUNS'] ?? 40);

const timeoutMs = 5000;

/** One lease, its ledger and its provider, on one clock. */
interface World {
  readonly ledger: Ledger;
  readonly clock: ClockedRedis;
  readonly taskEnd: { at: number };
  lease: Lease;
  /** The provider's own end of the credential; renewals that were begun and not yet answered. */
  providerEnd: number;
  alive: boolean;
  readonly begun: (BegunRenewal & { readonly bound: number; said?: number })[];
  begins: number;
}

interface Step {
  readonly [fc.toStringMethod]: () => string;
  readonly happens: (world: World) => Promise<unknown>;
}

const step = (name: string, happens: Step['happens']): Step => ({ [fc.toStringMethod]: () => name, happens });

const advancing = fc
  .oneof(
    { arbitrary: fc.integer({ min: 1, max: 1500 }), weight: 12 },
    { arbitrary: fc.integer({ min: 1, max: 20_000 }), weight: 1 },
  )
  .map((ms) => step(`wait ${ms}`, (w) => w.clock.set(w.clock.now() + ms)));

const toTheEdge = fc.integer({ min: -2, max: 2 }).map((ms) =>
  step(`wait to ${ms} ms from the end`, async (w) => {
    const { expiresAt } = (await w.ledger.leases.find(w.lease.id))!;
    if (expiresAt + ms > w.clock.now()) await w.clock.set(expiresAt + ms);
  }),
);

const beginning = fc
  .record({
    askedSeconds: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.constant(Number.MAX_SAFE_INTEGER)),
    mayShorten: fc.boolean(),
    limitInMs: fc.option(fc.integer({ min: 1, max: 90_000 }), { nil: Infinity, freq: 5 }),
  })
  .map(({ limitInMs, ...asked }) =>
    step(`begin ${JSON.stringify(asked)} within ${limitInMs}`, async (w) => {
      const limitAt = w.clock.now() + limitInMs;
      const begun = await w.ledger.renewals.begin(
        { id: `req_${w.begins++}`, lease: w.lease, ...asked, limitAt, minimumSeconds: 1, timeoutMs },
        renewingEvent(w.lease),
      );
      if (!begun) return;
      expect(begun.endsAt).toBeLessThanOrEqual(limitAt);
      w.begun.push({ ...begun, bound: w.clock.now() + timeoutMs });
    }),
  );

/** The provider does what it was asked for, or somewhat less, if it still may. */
const providing = fc.tuple(fc.nat(9), fc.constantFrom(0, 0, 1, 5)).map(([nth, less]) =>
  step(`the provider renews ${nth}, ${less} s less`, async (w) => {
    const renewal = w.begun[nth % w.begun.length];
    if (!renewal || renewal.said !== undefined || w.clock.now() > renewal.bound || !w.alive) return;
    renewal.said = w.clock.now() + Math.max(1, renewal.ttlSeconds - less) * 1000;
    // The same handle may stand for more than one credential: the last of them counts.
    w.providerEnd = Math.max(w.providerEnd, renewal.said);
  }),
);

const finishing = fc.nat(9).map((nth) =>
  step(`finish ${nth}`, async (w) => {
    const renewal = w.begun[nth % w.begun.length];
    if (renewal?.said === undefined) return;
    w.begun.splice(w.begun.indexOf(renewal), 1);
    const before = (await w.ledger.leases.find(w.lease.id))!;
    await w.ledger.renewals.finish(renewal, { expiresAt: renewal.said, replaced: false });
    // I4, and: what was claimed as expired is not carried on.
    expect(before.state).toBe('active');
    expect(w.clock.now()).toBeLessThan(w.taskEnd.at);
  }),
);

const failing = fc.tuple(fc.nat(9), fc.boolean()).map(([nth, settled]) =>
  step(`fail ${nth} ${settled ? 'for certain' : 'perhaps'}`, async (w) => {
    const [renewal] = w.begun.splice(nth % Math.max(1, w.begun.length), 1);
    if (renewal) await w.ledger.renewals.fail(renewal, 'provider.refused', { settled });
  }),
);

const claiming = step('claim', async (w) => {
  const before = (await w.ledger.leases.find(w.lease.id))!;
  const { leaseIds } = await w.ledger.leases.claimDue('vault', 1);
  if (before.state === 'active') expect(leaseIds.length > 0).toBe(before.expiresAt <= w.clock.now());
});

const settling = fc.constantFrom('revoked' as const, 'expired' as const).map((is) =>
  step(`settle ${is}`, async (w) => {
    const before = (await w.ledger.leases.find(w.lease.id))!;
    if (isOver(before.state) || before.state === 'active') return;
    const after = (await w.ledger.leases.settle(w.lease.id, { is }))!;
    if (is === 'revoked') w.alive = false;
    if (after.state === 'expired') {
      expect(w.providerEnd).toBeLessThanOrEqual(w.clock.now());
      w.alive = false;
    }
    // Nothing that may still be renewed is final.
    if (isOver(after.state))
      for (const { said, bound } of w.begun)
        if (said === undefined) expect(bound).toBeLessThanOrEqual(w.clock.now());
    if (!isOver(after.state)) w.alive = true;
  }),
);

const ending = step('end the task', async (w) => {
  await w.ledger.tasks.end(w.lease.taskId, { outcome: 'completed', by: 'op', via: 'call' });
  w.taskEnd.at = Math.min(w.taskEnd.at, w.clock.now());
});

const aStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: advancing, weight: 24 },
  { arbitrary: toTheEdge, weight: 2 },
  { arbitrary: beginning, weight: 24 },
  { arbitrary: providing, weight: 24 },
  { arbitrary: finishing, weight: 24 },
  { arbitrary: failing, weight: 3 },
  { arbitrary: fc.constant(claiming), weight: 3 },
  { arbitrary: settling, weight: 5 },
  { arbitrary: fc.constant(ending), weight: 1 },
);

const aLease = fc.record({
  ttlSeconds: fc.integer({ min: 2, max: 60 }),
  moreSeconds: fc.integer({ min: 0, max: 300 }),
  deadlineSeconds: fc.integer({ min: 60, max: 400 }),
});

describe.each(backends)('random lives of a renewed lease on $name', ({ url }) => {
  let redis: RedisClient;
  let renewals = 0;
  beforeAll(async () => {
    redis = await connected(url);
  });
  afterAll(() => console.log(`lives of a renewed lease: seed ${seed}, ${renewals} renewals`));

  async function world(asked: { ttlSeconds: number; moreSeconds: number; deadlineSeconds: number }) {
    const prefix = uniquePrefix();
    const clock = await clockedRedis(redis, prefix, Date.now());
    const ledger = redisLedger(clock.redis, { prefix, clock: clock.now });
    await ledger.check();
    const deadlineAt = clock.now() + asked.deadlineSeconds * 1000;
    const task = (await ledger.tasks.open(newTask({ deadlineAt })))!;
    const { ttlSeconds, moreSeconds } = asked;
    const wanted = newLease(task.id, { ttlSeconds, ceilingSeconds: ttlSeconds + moreSeconds });
    const reserved = await ledger.leases.reserve(wanted, reservedEvent(wanted));
    // Minting took a while, and the provider counts from then on.
    await clock.set(clock.now() + 400);
    const expiresAt = clock.now() + ttlSeconds * 1000;
    const lease = (await ledger.leases.activate(reserved, { expiresAt, effect: reserved.effect }))!;
    const made: World = {
      ...{ ledger, clock, lease, providerEnd: expiresAt, alive: true },
      ...{ begun: [], begins: 0, taskEnd: { at: deadlineAt } },
    };
    return { made, deadlineAt };
  }

  test('ISS-01, I2, I4: no recorded end passes ceiling or deadline, no end at the provider passes what is recorded', async () => {
    const life = fc.asyncProperty(
      aLease,
      fc.array(aStep, { minLength: 10, maxLength: 80, size: 'max' }),
      async (asked, steps) => {
        const { made, deadlineAt } = await world(asked);
        for (const step of steps) {
          await step.happens(made).catch((error: unknown) => {
            if (!(error instanceof Fault)) throw error;
          });
          const is = (await made.ledger.leases.find(made.lease.id))!;
          expect(is.expiresAt).toBeLessThanOrEqual(Math.min(is.ceilingAt!, deadlineAt));
          expect(is.ceilingAt).toBe(made.lease.ceilingAt);
          expect(made.providerEnd).toBeLessThanOrEqual(latestEndOf(is));
          if (is.state === 'active' && is.mintUntil === undefined)
            expect(is.expiresAt).toBeLessThanOrEqual(made.providerEnd);
        }
        renewals += (await made.ledger.leases.find(made.lease.id))!.renewals ?? 0;
      },
    );
    await fc.assert(life, { seed, numRuns, endOnFailure: false });
    expect(renewals).toBeGreaterThan(0);
  }, 120_000);
});
