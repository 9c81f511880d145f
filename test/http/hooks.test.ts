import { expect, test } from '@jest/globals';
import { Fault } from '../../src/kernel/fault.js';
import type { Delivery } from '../../src/identity/hooks/delivery.js';
import { expectProblem, serving } from './serving.js';

const path = '/v1/hooks/orchestrator';

test('REV-03 a delivery reaches the broker byte for byte, and needs no token', async () => {
  const { call, broker } = await serving();
  const task = await call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const body = `{ "task" :\n"${task.json['id'] as string}", "__proto__": 1 }\r\n`;
  const sent = { token: null, body, headers: { 'content-type': 'text/plain', 'Webhook-Id': 'msg_1' } };
  const answer = await call('POST', path, sent);
  expect([answer.status, answer.json]).toEqual([200, { task: task.json['id'], effect: 'ended' }]);
  const [source, delivery] = broker.calls.find(({ verb }) => verb === 'receiveHook')!.arguments as [
    string,
    Delivery,
  ];
  expect(source).toBe('orchestrator');
  expect(delivery.rawBody.toString()).toBe(body);
  expect(delivery.headers['webhook-id']).toBe('msg_1');
  expect((await call('POST', path, sent)).json).toMatchObject({ effect: 'already' });
  expect((await call('POST', path, { ...sent, body: '{}' })).json).toEqual({ effect: 'ignored' });
});

test('a header sent twice proves nothing', async () => {
  const { connection, broker } = await serving();
  const { socket, closed } = await connection();
  const twice = 'Webhook-Signature: v1,a\r\nWebhook-Signature: v1,b\r\n';
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${twice}Content-Length: 2\r\n\r\n{}`,
  );
  expect(await closed).toMatch(/^HTTP\/1\.1 200 /);
  const [, delivery] = broker.calls[0]!.arguments as [string, Delivery];
  expect(delivery.headers['webhook-signature']).toBeUndefined();
});

test.each(['github', 'UPPER', '..%2fetc', 'constructor'])('there is no source %s', async (source) => {
  const { call } = await serving();
  expectProblem(await call('POST', `/v1/hooks/${source}`, { token: null, body: {} }), 'hook.unknown');
});

test('an unproven delivery is told nothing of what was wrong, and the log is', async () => {
  const receiveHook = async (): Promise<never> => {
    throw new Fault('hook.unproven', 'the third byte was wrong', {
      reason: 'the timestamp lies too far in the past',
    });
  };
  const { call, logged } = await serving({ broker: { receiveHook } });
  const answer = await call('POST', path, { token: null, body: {} });
  const problem = expectProblem(answer, 'hook.unproven');
  expect(answer.text).not.toMatch(/third|too far/);
  expect(await logged({ requestId: problem.instance })).toMatchObject({
    reason: 'the timestamp lies too far in the past',
  });
});

test('deliveries may be larger than requests, up to their own limit', async () => {
  const { call } = await serving({ limits: { bodyBytes: 1024, hookBodyBytes: 4096 } });
  const body = (bytes: number) => '{}'.padEnd(bytes);
  expect((await call('POST', path, { token: null, body: body(4096) })).status).toBe(200);
  expectProblem(await call('POST', path, { token: null, body: body(4097) }), 'request.too_large');
});
