import { expect, test } from '@jest/globals';
import { atEndOfTurn } from '../../src/ledger/end-of-turn.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('what is asked for is done at the end of the turn, and what that asks for in the same round', async () => {
  const done: string[] = [];
  atEndOfTurn(() => {
    done.push('first');
    atEndOfTurn(() => done.push('asked for by the first'));
  });
  atEndOfTurn(() => done.push('second'));
  await Promise.resolve();
  expect(done).toEqual([]);
  await nextTurn();
  expect(done).toEqual(['first', 'second', 'asked for by the first']);
});
