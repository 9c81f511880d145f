import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { agentToken } from '../fake/pretend-broker.js';
import { signal } from '../fake/signal.js';
import { rawProblem, serving } from './serving.js';

const get = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${agentToken}\r\n\r\n`;

/** A server whose list of tasks waits to be told. */
async function servingSlowly(limits = {}) {
  const asked = signal();
  const answer = signal();
  const listTasks = async () => {
    asked.give();
    await answer.given;
    return { items: [] };
  };
  return { ...(await serving({ limits, broker: { listTasks } })), asked, answer };
}

test('a request in flight is answered before the server stops, and is the last of its connection', async () => {
  const { connection, stop, asked, answer } = await servingSlowly();
  const { socket, closed, text } = await connection();
  socket.write(get('/v1/tasks'));
  await asked.given;
  const stopped = stop();
  expect(text()).toBe('');
  answer.give();
  await stopped;
  const received = await closed;
  expect(received).toMatch(/^HTTP\/1\.1 200 /);
  expect(received).toContain('Connection: close');
});

test('while it stops, nobody is let in, and who is already connected is told to go elsewhere', async () => {
  const { connection, stop, asked, answer, port } = await servingSlowly();
  const [busy, waiting, probing] = [await connection(), await connection(), await connection()];
  busy.socket.write(get('/v1/tasks'));
  await asked.given;
  const stopped = stop();

  waiting.socket.write(get('/v1/leases'));
  expect(rawProblem(await waiting.closed)).toMatchObject({
    status: 503,
    problem: { code: 'broker.stopping' },
  });
  probing.socket.write(get('/readyz?verbose'));
  const probed = await probing.closed;
  expect(probed).toMatch(/^HTTP\/1\.1 503 /);
  expect(probed).toContain('{"ready":false,"checks":[{"name":"broker","ok":false}]}');
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow('fetch failed');

  answer.give();
  await stopped;
});

test('before it stops accepting, it says for a while that it is not ready, and goes on serving', async () => {
  const { call, stop } = await serving({ limits: { drainMs: 1500 } });
  const stopped = stop();
  const ready = await call('GET', '/readyz');
  expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
  expect((await call('GET', '/livez')).status).toBe(200);
  expect((await call('GET', '/v1/tasks')).status).toBe(200);
  await stopped;
  await expect(call('GET', '/livez')).rejects.toThrow('fetch failed');
});

test('idle and silent connections do not hold it up', async () => {
  const { connection, stop } = await serving();
  const [idle, silent] = [await connection(), await connection()];
  idle.socket.write(get('/livez'));
  await once(idle.socket, 'data');
  await stop();
  await Promise.all([idle.closed, silent.closed]);
});

test('a request that never ends is cut off in the end', async () => {
  const { connection, stop, asked } = await servingSlowly({ stopTimeoutMs: 50 });
  const { socket, closed } = await connection();
  socket.write(get('/v1/tasks'));
  await asked.given;
  await stop();
  expect(await closed).toBe('');
});

test('stopping twice is stopping once', async () => {
  const { stop } = await serving();
  await Promise.all([stop(), stop()]);
  await stop();
});
