import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fault } from '../../src/kernel/fault.js';
import { agentToken } from '../fake/pretend-broker.js';
import { expectProblem, rawProblem, serving } from './serving.js';

const ask = { intent: 'Summarise the reports', deadline: '2h' };

test.each([
  ['no JSON', '{"intent": nope}'],
  ['half of it', '{"intent": "x"'],
  ['a number', '7'],
  ['null', 'null'],
  ['a list', '[{}]'],
  ['nothing that is UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['half a surrogate pair', '{"intent":"\\ud800","deadline":"1h"}'],
  ['nesting without end', `{"labels":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
  [
    'ten thousand members',
    JSON.stringify(Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`m${i}`, 1]))),
  ],
])('a body that is %s is refused', async (_what, body) => {
  const { call, broker } = await serving();
  const { text } = await (async () => {
    const answer = await call('POST', '/v1/tasks', { body });
    expectProblem(answer, 'request.malformed');
    return answer;
  })();
  expect(text).not.toContain('nope');
  expect(broker.tasks.size).toBe(0);
});

test.each(['__proto__', 'constructor', 'prototype', '__entity', '__extn'])(
  'POL-04 a member named %s is refused wherever it is',
  async (name) => {
    const { call, broker } = await serving();
    const forged = `{"${name}":{"type":"Agent","id":"root"}}`;
    for (const body of [
      forged,
      `{"intent":"x","deadline":"1h","labels":${forged}}`,
      `{"credential":"reports-reader","parameters":{"deep":[${forged}]}}`,
      `{"credential":"reports-reader","parameters":{"${name.replace('_', '\\u005f')}":1}}`,
    ]) {
      expectProblem(await call('POST', '/v1/tasks', { body }), 'request.malformed');
      expectProblem(await call('POST', '/v1/tasks/tsk_00000000/credentials', { body }), 'request.malformed');
    }
    expect(broker.calls.every(({ verb }) => verb === 'identify')).toBe(true);
    expect(({} as Record<string, unknown>)['type']).toBeUndefined();
  },
);

test.each([65_536 + 1, 2 * 1024 * 1024])('a body of %d bytes is too large', async (bytes) => {
  const { call, broker } = await serving();
  const body = JSON.stringify({ ...ask, intent: 'x'.repeat(bytes) });
  const answer = await call('POST', '/v1/tasks', { body });
  expectProblem(answer, 'request.too_large');
  expect(broker.tasks.size).toBe(0);
});

test('a chunked body is measured as it comes', async () => {
  const { connection } = await serving();
  const { socket, closed } = await connection();
  socket.write(
    `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${agentToken}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  socket.write(`${chunk}${chunk}0\r\n\r\n`);
  const { status, problem } = rawProblem(await closed);
  expect([status, problem.code]).toEqual([413, 'request.too_large']);
});

test('a body that claims to be enormous is refused unread', async () => {
  const { connection } = await serving();
  const { socket, closed } = await connection();
  socket.write(
    `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${agentToken}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`,
  );
  expect(rawProblem(await closed).problem.code).toBe('request.too_large');
});

test('a body of just the limit is read', async () => {
  const { call } = await serving({ limits: { bodyBytes: 2048 } });
  const body = JSON.stringify(ask).padEnd(2048);
  expect((await call('POST', '/v1/tasks', { body })).status).toBe(201);
  expectProblem(await call('POST', '/v1/tasks', { body: `${body} ` }), 'request.too_large');
});

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-16',
  'application/jsonx',
  '',
])('a body of type %j is not taken', async (type) => {
  const { call } = await serving();
  const answer = await call('POST', '/v1/tasks', { body: ask, headers: { 'content-type': type } });
  expectProblem(answer, 'request.media_type');
});

test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
  'a body of type %j is taken',
  async (type) => {
    const { call } = await serving();
    expect((await call('POST', '/v1/tasks', { body: ask, headers: { 'content-type': type } })).status).toBe(
      201,
    );
  },
);

test('a compressed body is not taken', async () => {
  const { call } = await serving();
  const answer = await call('POST', '/v1/tasks', { body: ask, headers: { 'content-encoding': 'gzip' } });
  expectProblem(answer, 'request.media_type');
});

test.each([
  '/',
  '/v1',
  '/v1/task',
  '/v1/tasks/',
  '/V1/tasks',
  '/v1/tasks/tsk_00000000/credentials/x',
  '/v1//tasks',
])('there is nothing at %s', async (path) => {
  const { call } = await serving();
  expectProblem(await call('GET', path), 'route.unknown');
});

test.each([
  ['DELETE', '/v1/tasks/tsk_00000000', 'GET, HEAD'],
  ['PUT', '/v1/tasks', 'POST, GET, HEAD'],
  ['OPTIONS', '/v1/tasks', 'POST, GET, HEAD'],
  ['GET', '/v1/tasks/tsk_00000000/credentials', 'POST'],
  ['GET', '/v1/hooks/orchestrator', 'POST'],
  ['POST', '/livez', 'GET, HEAD'],
])('%s %s is told which methods there are', async (method, path, allow) => {
  const { call } = await serving();
  const answer = await call(method, path);
  expectProblem(answer, 'route.method');
  expect(answer.headers.get('allow')).toBe(allow);
});

test('HEAD is answered as GET, without the body', async () => {
  const { call } = await serving();
  const answer = await call('HEAD', '/v1/tasks');
  expect([answer.status, answer.text]).toEqual([200, '']);
});

test('a path that is not percent-encoded is malformed, not an accident', async () => {
  const { call } = await serving();
  expectProblem(await call('GET', '/v1/tasks/%E0%A4%A'), 'request.malformed');
});

test('whatever the body is, the answer is one that is described, and none is a 5xx', async () => {
  const { call } = await serving({
    limits: { requestsPerSecondPerPeer: 1_000_000, requestsPerSecond: 1_000_000 },
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
      const answer = await call('POST', '/v1/tasks', { body });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }),
    { numRuns: 100 },
  );
});

test('a broken broker leaks nothing on any route', async () => {
  const broken = async (): Promise<never> => {
    throw Object.assign(new Error('ECONNREFUSED redis.internal:6379 password=hunter2'), { status: 418 });
  };
  const catalog = (): never => {
    throw new Fault('state.unavailable', 'The state store does not answer.', { cause: new Error('hunter2') });
  };
  const { call } = await serving({
    broker: {
      openTask: broken,
      listTasks: broken,
      findLease: broken,
      receiveHook: broken,
      ready: broken,
      catalog,
    },
  });
  for (const [method, path, body] of [
    ['POST', '/v1/tasks', ask],
    ['GET', '/v1/tasks', undefined],
    ['GET', '/v1/leases/lse_00000000000000', undefined],
    ['POST', '/v1/hooks/orchestrator', {}],
    ['GET', '/v1/catalog', undefined],
    ['GET', '/readyz?verbose', undefined],
  ] as const) {
    const { status, text } = await call(method, path, { body });
    expect(status).toBeGreaterThanOrEqual(500);
    expect(text).not.toMatch(/hunter2|redis|6379|ECONN|at .*\.js/);
  }
});
