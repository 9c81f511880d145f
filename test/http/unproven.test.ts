import { expect, test } from '@jest/globals';
import { agentToken } from '../fake/pretend-broker.js';
import { expectProblem, rawProblem, serving } from './serving.js';

const ask = { intent: 'Summarise the reports', deadline: '2h' };

test('WID-03 a request without a token is unproven, and told how to prove itself', async () => {
  const { call, broker, logged } = await serving();
  const answer = await call('POST', '/v1/tasks', { token: null, body: ask });
  const problem = expectProblem(answer, 'identity.unproven');
  expect(answer.headers.get('www-authenticate')).toMatch(
    /^Bearer realm="protem", DPoP realm="protem", algs="ES256 [^"]*"$/,
  );
  expect(await logged({ requestId: problem.instance })).toMatchObject({ reason: 'no Authorization header' });
  expect(broker.calls).toEqual([]);
});

test.each([
  ['another scheme', 'Basic YTpi'],
  ['no scheme', agentToken],
  ['no token', 'Bearer '],
  ['two tokens', `Bearer ${agentToken} ${agentToken}`],
  ['a list of tokens', `Bearer ${agentToken}, Bearer ${agentToken}`],
  ['characters that no token has', 'Bearer <script>'],
])('an Authorization header with %s never reaches the broker', async (_what, authorization) => {
  const { call, broker } = await serving();
  expectProblem(
    await call('GET', '/v1/tasks', { token: null, headers: { authorization } }),
    'identity.unproven',
  );
  expect(broker.calls).toEqual([]);
});

test('two Authorization headers prove nothing, even when both are good', async () => {
  const { connection, broker, logged } = await serving();
  const { socket, closed } = await connection();
  const header = `Authorization: Bearer ${agentToken}\r\n`;
  socket.write(`GET /v1/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}${header}\r\n`);
  expect(rawProblem(await closed).problem.code).toBe('identity.unproven');
  expect(await logged({ fault: 'identity.unproven' })).toMatchObject({
    reason: 'more than one Authorization header',
  });
  expect(broker.calls).toEqual([]);
});

test('every unproven caller is told the same, whatever was wrong', async () => {
  const { call } = await serving();
  const answers = [
    await call('GET', '/v1/tasks', { token: null }),
    await call('GET', '/v1/tasks', { token: 'forged' }),
    await call('GET', '/v1/tasks', { token: null, headers: { authorization: 'Basic YTpi' } }),
  ];
  expect(new Set(answers.map(({ json }) => json['detail'])).size).toBe(1);
});

test('who asks is settled before the body is looked at', async () => {
  const { call } = await serving();
  expectProblem(await call('POST', '/v1/tasks', { token: 'forged', body: '{nonsense' }), 'identity.unproven');
});
