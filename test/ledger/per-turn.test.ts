import { expect, test } from '@jest/globals';
import { perTurn } from '../../src/ledger/per-turn.js';

test('what is asked for in one turn goes together, so many at once, and each gets its own answer', async () => {
  const asked: (readonly number[])[] = [];
  const double = perTurn<number, number>(3, (items) => {
    asked.push(items);
    return Promise.resolve(items.map((item) => item * 2));
  });
  expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8]);
  expect(await double(5)).toBe(10);
  expect(asked).toEqual([[1, 2, 3], [4], [5]]);
});

test('one that fails fails alone; when the asking itself fails, all of that asking do, and no other', async () => {
  const half = perTurn<number, number>(2, (items) =>
    items.includes(0)
      ? Promise.reject(new Error('away'))
      : Promise.resolve(items.map((item) => (item % 2 === 0 ? item / 2 : new Error(`${item} is odd`)))),
  );
  const ends = await Promise.allSettled([2, 3, 0, 4, 6].map(half));
  expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error).message))).toEqual(
    [1, '3 is odd', 'away', 'away', 3],
  );
});
