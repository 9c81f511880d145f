import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { portOrFree } from '../../../src/sandbox/port.js';

const port = await portOrFree(0);
const child = fork(new URL('./valkey-without-clock.js', import.meta.url), [String(port)], {
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
});
await once(child, 'message');
const redis = new Redis(port, '127.0.0.1', { commandTimeout: 10_000, maxRetriesPerRequest: 0 });
afterAll(async () => {
  redis.disconnect();
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
});

test.each([1, 1000, 16_000, 17_000, 26_000, 40_000, 200_000, 2_000_000])(
  'A command of %i bytes is answered by a server whose clock stands still',
  async (bytes) => {
    const said = 'x'.repeat(bytes);
    expect(await redis.echo(said)).toBe(said);
  },
);

test('Many commands in one write are all answered by a server whose clock stands still', async () => {
  const said = Array.from({ length: 500 }, (_, index) => `${index}`.repeat(200));
  expect(await Promise.all(said.map((each) => redis.echo(each)))).toEqual(said);
});

test('A connection that waits for something, and says more meanwhile, holds nobody up', async () => {
  const waiting = new Redis(port, '127.0.0.1', { commandTimeout: 10_000, maxRetriesPerRequest: 0 });
  const taken = waiting.blpop('list', 0);
  const then = waiting.echo('y'.repeat(100_000));
  expect(await redis.echo('meanwhile')).toBe('meanwhile');
  await redis.rpush('list', 'a');
  expect(await taken).toEqual(['list', 'a']);
  expect(await then).toHaveLength(100_000);
  waiting.disconnect();
});
