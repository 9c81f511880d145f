import { expect, test } from '@jest/globals';
import { Fault } from '../../src/kernel/fault.js';
import { openTurns } from '../../src/ledger/turns.js';

const away = () => Promise.reject(new Fault('state.unavailable', 'away'));

test('what has one name goes one after the other, and what has another beside it', async () => {
  const inTurn = openTurns();
  const told: string[] = [];
  const work = (name: string) => async () => {
    told.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    told.push(`${name} ends`);
    return name;
  };
  expect(await Promise.all([inTurn('a', work('1')), inTurn('a', work('2')), inTurn('b', work('3'))])).toEqual(
    ['1', '2', '3'],
  );
  expect(told.indexOf('2 begins')).toBeGreaterThan(told.indexOf('1 ends'));
  expect(told.indexOf('3 begins')).toBeLessThan(told.indexOf('1 ends'));
});

test('what fails is no matter of the next, unless the state store is away: then none tries it in vain', async () => {
  const inTurn = openTurns();
  let tried = 0;
  const results = await Promise.allSettled([
    inTurn('a', () => Promise.reject(new Error('of its own'))),
    inTurn('a', () => Promise.resolve('goes on')),
    inTurn('a', away),
    inTurn('a', () => Promise.resolve((tried += 1))),
    inTurn('a', () => Promise.resolve((tried += 1))),
  ]);
  expect(
    results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))),
  ).toEqual(['Error: of its own', 'goes on', 'Fault: away', 'Fault: away', 'Fault: away']);
  expect(tried).toBe(0);
  expect(await inTurn('a', () => Promise.resolve('when it is back'))).toBe('when it is back');
});
