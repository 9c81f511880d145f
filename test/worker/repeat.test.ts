import { expect, test } from '@jest/globals';
import { repeat } from '../../src/worker/repeat.js';
import { signal } from '../fake/signal.js';

const quiet = { warn() {} };

test('rounds follow each other until it is closed, and closing does not wait for the next', async () => {
  const third = signal();
  let rounds = 0;
  const repeating = repeat(() => {
    rounds++;
    if (rounds === 3) third.give();
    return Promise.resolve(rounds < 3 ? 0 : 3_600_000);
  }, quiet);
  await third.given;
  await repeating.close();
  expect(rounds).toBe(3);
});

test('closing waits for the round under way, and no other begins', async () => {
  const [begun, goOn] = [signal(), signal()];
  let rounds = 0;
  let finished = false;
  const repeating = repeat(async () => {
    rounds++;
    begun.give();
    await goOn.given;
    finished = true;
    return 0;
  }, quiet);
  await begun.given;
  const closing = repeating.close();
  expect(finished).toBe(false);
  goOn.give();
  await closing;
  expect({ finished, rounds }).toEqual({ finished: true, rounds: 1 });
});

test('a round that fails is told and repeated', async () => {
  const again = signal();
  const told: object[] = [];
  let rounds = 0;
  const repeating = repeat(
    () => {
      rounds++;
      if (rounds === 1) return Promise.reject(new Error('broken'));
      again.give();
      return Promise.resolve(0);
    },
    { warn: (facts) => void told.push(facts) },
  );
  await again.given;
  await repeating.close();
  expect(told).toEqual([{ err: new Error('broken') }]);
});

test('closing twice is closing once', async () => {
  const repeating = repeat(() => Promise.resolve(3_600_000), quiet);
  await Promise.all([repeating.close(), repeating.close()]);
});
