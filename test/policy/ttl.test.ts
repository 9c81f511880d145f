import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fault } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import { boundTtl } from '../../src/policy/ttl.js';
import type { TtlBounds } from '../../src/policy/ttl.js';

const bounds: TtlBounds = {
  entry: { maximumTtlSeconds: 3600, defaultTtlSeconds: 900 },
  taskRemainingSeconds: 86_400,
  providerMinimumSeconds: 60,
  providerMaximumSeconds: 43_200,
};
const faultOf = (over: Partial<TtlBounds>): FaultCode | number => {
  try {
    return boundTtl({ ...bounds, ...over });
  } catch (error) {
    return (error as Fault).code;
  }
};

test('ISS-01: what is asked for, or the default of the entry, when nothing bounds it', () => {
  expect(boundTtl(bounds)).toBe(900);
  expect(boundTtl({ ...bounds, requestedSeconds: 3600 })).toBe(3600);
});

test.each([
  ['0', 0],
  ['negative', -1],
  ['not whole', 1.5],
  ['not a number', NaN],
  ['infinite', Infinity],
  ['beyond the maximum of the entry', 3601],
  ['999999999 days', 999_999_999 * 86_400],
  ['the largest whole number', Number.MAX_SAFE_INTEGER],
  ['beyond the largest whole number', Number.MAX_SAFE_INTEGER + 1],
  ['beyond what a number holds', Number.MAX_VALUE * 2],
])('ISS-01: a TTL that is %s is refused', (_what, requestedSeconds) => {
  expect(faultOf({ requestedSeconds })).toBe('ttl.invalid');
});

test.each([
  ['the policy', { policySeconds: 300 }, 300],
  ['the task', { taskRemainingSeconds: 200 }, 200],
  ['the lease it is narrowed from', { parentRemainingSeconds: 150 }, 150],
  ['the proof', { proofRemainingSeconds: 100 }, 100],
  ['the provider', { providerMaximumSeconds: 700 }, 700],
  ['a bound that is not whole, rounded down', { taskRemainingSeconds: 200.9 }, 200],
])('ISS-01: bounded by %s', (_what, over, seconds) => {
  expect(boundTtl({ ...bounds, ...over })).toBe(seconds);
});

test.each([
  ['less is left of the task than the provider mints', { taskRemainingSeconds: 59 }],
  ['policy allows less than STS mints', { policySeconds: 600, providerMinimumSeconds: 900 }],
  ['the task is over', { taskRemainingSeconds: 0, providerMinimumSeconds: 0 }],
  ['the deadline has passed', { taskRemainingSeconds: -30 }],
  ['I5: the lease it is narrowed from is over', { parentRemainingSeconds: 0, providerMinimumSeconds: 0 }],
  ['I5: the lease it is narrowed from has less left than the provider mints', { parentRemainingSeconds: 59 }],
  ['I5: what is left of the lease it is narrowed from is not known', { parentRemainingSeconds: NaN }],
  ['less was asked for than the provider mints', { requestedSeconds: 59 }],
  ['a bound is not a number', { taskRemainingSeconds: NaN }],
])('ISS-03: refused rather than rounded up, when %s', (_what, over) => {
  expect(faultOf(over)).toBe('ttl.below_floor');
});

test('ISS-01: an entry that is wide beyond measure lends no width: the least bound counts', () => {
  const entry = { maximumTtlSeconds: Number.MAX_SAFE_INTEGER, defaultTtlSeconds: Number.MAX_SAFE_INTEGER };
  expect(boundTtl({ ...bounds, entry })).toBe(43_200);
  expect(boundTtl({ ...bounds, entry, providerMaximumSeconds: Infinity })).toBe(86_400);
});

test('ISS-01: whatever is granted is within every bound, whole, and at least what the provider can mint', () => {
  const seconds = fc.oneof(fc.integer({ min: -10, max: 5000 }), fc.double({ min: -10, max: 5000 }));
  fc.assert(
    fc.property(
      fc.record(
        {
          requestedSeconds: fc.integer({ min: -5, max: 5000 }),
          policySeconds: seconds,
          taskRemainingSeconds: seconds,
          proofRemainingSeconds: seconds,
          parentRemainingSeconds: seconds,
          providerMinimumSeconds: fc.integer({ min: 0, max: 1000 }),
          providerMaximumSeconds: fc.integer({ min: 1, max: 5000 }),
          entry: fc
            .tuple(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 4000 }))
            .map(([a, b]) => ({ maximumTtlSeconds: Math.max(a, b), defaultTtlSeconds: Math.min(a, b) })),
        },
        {
          requiredKeys: ['taskRemainingSeconds', 'providerMinimumSeconds', 'providerMaximumSeconds', 'entry'],
        },
      ),
      (given) => {
        let granted: number;
        try {
          granted = boundTtl(given);
        } catch (error) {
          return error instanceof Fault && error.code.startsWith('ttl.');
        }
        const least = Math.min(
          given.requestedSeconds ?? given.entry.defaultTtlSeconds,
          given.entry.maximumTtlSeconds,
          given.policySeconds ?? Infinity,
          given.taskRemainingSeconds,
          given.proofRemainingSeconds ?? Infinity,
          given.parentRemainingSeconds ?? Infinity,
          given.providerMaximumSeconds,
        );
        return (
          Number.isInteger(granted) &&
          granted >= 1 &&
          granted >= given.providerMinimumSeconds &&
          granted <= least &&
          granted > least - 1
        );
      },
    ),
    { numRuns: 2000 },
  );
});
