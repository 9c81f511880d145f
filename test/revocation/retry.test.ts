import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isStuck, retryInMs } from '../../src/revocation/retry.js';

const failures = fc.integer({ min: 1, max: 1_000_000 });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('I3: after any number of failures there is another try, within half a second and five minutes', () => {
  fc.assert(
    fc.property(failures, chance, (n, random) => {
      const waitMs = retryInMs(n, () => random);
      expect(waitMs).toBeGreaterThanOrEqual(500);
      expect(waitMs).toBeLessThanOrEqual(300_000);
      expect(Number.isInteger(waitMs)).toBe(true);
    }),
  );
});

test('the wait doubles from a second up to five minutes, and only its upper half is left to chance', () => {
  fc.assert(
    fc.property(failures, chance, (n, random) => {
      const ceiling = Math.min(300_000, 1000 * 2 ** (n - 1));
      const waitMs = retryInMs(n, () => random);
      expect(waitMs).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
      expect(waitMs).toBeLessThanOrEqual(ceiling);
    }),
  );
});

test('workers that failed together do not come back together', () => {
  const waits = new Set(Array.from({ length: 50 }, () => retryInMs(9)));
  expect(waits.size).toBeGreaterThan(10);
});

test('OPS-03: a revocation is stuck from its sixth failure, or after ten minutes, and not before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 10_000_000 }), (n, sinceMs) => {
      expect(isStuck(n, sinceMs)).toBe(n >= 6 || sinceMs >= 600_000);
    }),
  );
});
