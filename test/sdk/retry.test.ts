import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { answering, clientOf, granted, problem, scripted } from './asking.js';

const url = 'https://broker.test';
const ask = { task: 'tsk_AAAAAAAA', credential: 'reports-db' };
const refused = new TypeError('fetch failed');

test('a request whose answer was lost is sent again as the same request', async () => {
  const { fetch, asked } = scripted(
    refused,
    problem('state.unavailable', 503, true),
    answering(201, granted()),
  );
  const lease = await clientOf(url, { fetch }).acquire(ask);
  expect(lease.id).toBe('lse_AAAAAAAABBBBBB');
  const keys = asked.map(({ headers }) => headers.get('idempotency-key'));
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(keys).size).toBe(1);
});

test('two requests are two: each has a key of its own', async () => {
  const { fetch, asked } = scripted(answering(201, granted()), answering(201, granted('lse_AAAAAAAACCCCCC')));
  const client = clientOf(url, { fetch });
  await client.acquire(ask);
  await client.acquire(ask);
  expect(new Set(asked.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(2);
});

test('a refusal is not tried again', async () => {
  const { fetch, asked } = scripted(problem('policy.denied', 403, false));
  await expect(clientOf(url, { fetch }).acquire(ask)).rejects.toMatchObject({ code: 'policy.denied' });
  expect(asked).toHaveLength(1);
});

test('what the broker says to come back for much later is told, not waited for', async () => {
  const later = problem('lease.limit', 429, true);
  later.headers.set('retry-after', '60');
  const { fetch } = scripted(later);
  const fault = { code: 'lease.limit', retryAfterSeconds: 60 };
  await expect(clientOf(url, { fetch }).acquire(ask)).rejects.toMatchObject(fault);
});

test('a call that is not safe to send twice is sent once when no answer comes', async () => {
  const { fetch, asked } = scripted(refused, refused);
  const call = { method: 'POST', path: '/v1/anything', body: {} } as const;
  await expect(clientOf(url, { fetch }).call(call)).rejects.toMatchObject({ code: 'client.unreachable' });
  expect(asked).toHaveLength(1);
});

test('a broker that stays away is client.unreachable, after as many attempts as are allowed', async () => {
  const { fetch, asked } = scripted(refused, refused);
  const client = clientOf(url, { fetch, attempts: 2 });
  await expect(client.catalog()).rejects.toMatchObject({
    code: 'client.unreachable',
    status: 0,
    retry: true,
  });
  expect(asked).toHaveLength(2);
});

test('whoever asks a port of TLS without TLS is told which scheme its URL may lack', async () => {
  // What OpenSSL does with a request that is no handshake.
  const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = { token: 't', attempts: 1, fetch: globalThis.fetch };
  await expect(clientOf(`http://127.0.0.1:${port}`, options).catalog()).rejects.toMatchObject({
    code: 'client.unreachable',
    remedy: expect.stringContaining('https://'),
  });
  server.close();
  await once(server, 'close');
  await expect(clientOf(`http://127.0.0.1:${port}`, options).catalog()).rejects.toMatchObject({
    remedy: 'Check the URL of the broker, and that it runs.',
  });
});

test("a proxy's page is not taken for an answer of the broker", async () => {
  const page = new Response('<h1>Forbidden</h1>', { status: 403, headers: { 'content-type': 'text/html' } });
  const { fetch } = scripted(page);
  const fault = { code: 'client.unexpected', status: 403, retry: false };
  await expect(clientOf(url, { fetch }).catalog()).rejects.toMatchObject(fault);
});

test('a signal ends a request, and the waiting before the next attempt, with its own reason', async () => {
  const reason = new Error('the user has left');
  const aborted = AbortSignal.abort(reason);
  const { fetch, asked } = scripted();
  await expect(clientOf(url, { fetch }).acquire(ask, { signal: aborted })).rejects.toBe(reason);
  expect(asked).toHaveLength(0);

  const control = new AbortController();
  const slow = problem('broker.stopping', 503, true);
  slow.headers.set('retry-after', '19');
  const second = scripted(slow);
  const waiting = clientOf(url, { fetch: second.fetch }).acquire(ask, { signal: control.signal });
  setTimeout(() => control.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
});
