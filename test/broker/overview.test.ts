import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AuditEvent } from '../../src/audit/event.js';
import { openOverview, openTally, stepMs, steps } from '../../src/broker/overview.js';
import type { Told } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const now = 1_893_456_000_000;
const of = { lease: 'lse_1', task: 'tsk_1', agent: 'a' };

const told = (at: number, type: string, lagMs = 0): Told => ({
  id: `${at}-0`,
  at,
  event: { ...of, type, lagMs } as unknown as AuditEvent,
});

test('counts what began, was issued and was revoked in each step, and how long revoking took', () => {
  const tally = openTally();
  const before = now - stepMs;
  tally.add([
    told(before, 'lease.reserved'),
    told(before, 'lease.active'),
    told(now, 'lease.reserved'),
    told(now, 'lease.active'),
    told(now, 'lease.revoked', 100),
    told(now, 'lease.revoked', 900),
    told(now, 'lease.expired', 50_000),
  ]);
  const course = tally.course(now, 7, 0);
  expect(course.live).toHaveLength(steps);
  expect(course.issued.slice(-2)).toEqual([1, 1]);
  expect(course.revoked.slice(-2)).toEqual([0, 2]);
  expect(course.lagP50Ms.slice(-2)).toEqual([null, 100]);
  expect(course.lagP99Ms.slice(-2)).toEqual([null, 900]);
  // 7 live now; one more began than the three that ended say: nine before this step, eight before the one before.
  expect(course.live.slice(-3)).toEqual([8, 9, 7]);
});

test('the number of live leases of each step and what began and ended in the next always agree', () => {
  const events = fc.array(
    fc.record({
      ago: fc.integer({ min: 0, max: stepMs * steps }),
      type: fc.constantFrom('lease.reserved', 'lease.revoked', 'lease.expired', 'lease.active'),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(events, (all) => {
      const tally = openTally();
      const list = all.map(({ ago, type }) => told(now - ago, type, ago));
      tally.add(list);
      // More live than could have ended, so that nothing is cut off at none.
      const { live, from } = tally.course(now, 1000, 0);
      const change = (step: number, types: readonly string[]) =>
        list.filter(
          ({ at, event }) => Math.floor((at - from) / stepMs) === step && types.includes(event.type),
        ).length;
      for (let step = 1; step < steps; step++)
        expect(live[step]! - live[step - 1]!).toBe(
          change(step, ['lease.reserved']) - change(step, ['lease.revoked', 'lease.expired']),
        );
    }),
  );
});

test('goes on from where it was, and says since when the log was read where it is too long', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  let reads = 0;
  const feed = {
    latest: () => Promise.resolve('1-0'),
    // A log without a beginning: a thousand more, each time it is asked.
    before: (_id: string | undefined, limit: number) => {
      reads += 1;
      const at = ledger.clock() - reads;
      return Promise.resolve(Array.from({ length: limit }, () => told(at, 'lease.active')));
    },
    after: () => Promise.resolve([]),
  };
  let clock = ledger.clock();
  const overview = openOverview({ leases: ledger.leases, feed, clock: () => clock });
  const { course } = await overview();
  expect(reads).toBe(30);
  expect(course.wholeFrom).toBeGreaterThan(course.from);
  clock += 60_000;
  await overview();
  expect(reads).toBe(30);
});
