import { expect, test } from '@jest/globals';
import { agent, agentToken } from '../fake/pretend-broker.js';
import { signal } from '../fake/signal.js';
import { rawProblem, serving } from './serving.js';

test.each([
  ['no HTTP', 'EHLO mail\r\n\r\n', 'request.malformed'],
  ['a bad header', 'GET /livez HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 'request.malformed'],
  [
    'two lengths',
    'POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'request.malformed',
  ],
  [
    'a length and chunks',
    'POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'request.malformed',
  ],
  ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 'request.malformed'],
  [
    'a head of 20 kB',
    `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    'request.too_large',
  ],
])('a connection with %s is answered with a problem and closed', async (_what, bytes, code) => {
  const { connection, logged } = await serving();
  const { socket, closed } = await connection();
  socket.write(bytes);
  const { problem, status } = rawProblem(await closed);
  expect([problem.code, problem.status]).toEqual([code, status]);
  expect(await logged({ requestId: problem.instance })).toMatchObject({ fault: code });
});

test('an expectation that nobody knows is no reason to refuse', async () => {
  const { connection } = await serving();
  const { socket, closed } = await connection();
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n');
  expect(await closed).toMatch(/^HTTP\/1\.1 200 /);
});

test('headers that never end are given up on', async () => {
  const { connection } = await serving({ limits: { headersTimeoutMs: 100 } });
  const { socket, closed } = await connection();
  socket.write('GET /v1/tasks HTTP/1.1\r\nHost: x\r\n');
  const { status, problem } = rawProblem(await closed);
  expect([status, problem.code]).toEqual([408, 'request.timeout']);
});

test('a body that never ends is given up on, and nothing is done', async () => {
  const { connection, broker, logged } = await serving({
    limits: { headersTimeoutMs: 100, requestTimeoutMs: 100 },
  });
  const { socket, closed } = await connection();
  socket.write(
    `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${agentToken}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
  );
  const { problem } = rawProblem(await closed);
  expect(problem.code).toBe('request.timeout');
  expect(await logged({ requestId: problem.instance })).toMatchObject({ status: 408, route: '/v1/tasks' });
  expect(broker.tasks.size).toBe(0);
});

test('a caller that leaves in the middle of its body leaves no trace but a log line', async () => {
  const arrived = signal();
  const { connection, broker, logged } = await serving({
    broker: {
      identify: async () => {
        arrived.give();
        return agent;
      },
    },
  });
  const { socket } = await connection();
  socket.write(
    `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${agentToken}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
  );
  await arrived.given;
  socket.resetAndDestroy();
  expect(await logged({ status: 499 })).toMatchObject({ route: '/v1/tasks' });
  expect(broker.tasks.size).toBe(0);
});

test('a caller that stops speaking in the middle of its body is told so', async () => {
  const { connection, broker } = await serving();
  const { socket, closed } = await connection();
  socket.end(
    `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${agentToken}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
  );
  expect(rawProblem(await closed).problem.code).toBe('request.malformed');
  expect(broker.tasks.size).toBe(0);
});
