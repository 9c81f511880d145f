import { spawnSync } from 'node:child_process';
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

test('one that throws loses none of the others, nor what is asked for later', () => {
  const script = `
    import { atEndOfTurn } from '${new URL('../../src/ledger/end-of-turn.js', import.meta.url).href}';
    process.on('uncaughtException', ({ message }) => console.log(message));
    atEndOfTurn(() => { throw new Error('broken'); });
    atEndOfTurn(() => console.log('the other'));
    setTimeout(() => atEndOfTurn(() => console.log('later')), 20);
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stdout.toString()).toBe('broken\nthe other\nlater\n');
});
