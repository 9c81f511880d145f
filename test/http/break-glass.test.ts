import { expect, test } from '@jest/globals';
import { operatorToken } from '../fake/pretend-broker.js';
import { expectProblem, serving } from './serving.js';

const request = {
  credential: 'reports-reader',
  reason: 'payments are stuck',
  ticket: 'INC-4711',
  ttl: '5m',
};

test.each(['reason', 'ticket', 'credential'] as const)('BRG-01: without %s it is malformed', async (name) => {
  const served = await serving();
  const { [name]: _left, ...body } = request;
  const answer = await served.call('POST', '/v1/break-glass', { token: operatorToken, body });
  expect(expectProblem(answer, 'request.malformed').errors?.[0]?.pointer).toBe(`/${name}`);
});

test('where a second person is wanted, the answer is a question', async () => {
  const served = await serving();
  const answer = await served.call('POST', '/v1/break-glass', { token: operatorToken, body: request });
  expect(answer.status).toBe(202);
  expect(answer.headers.get('location')).toMatch(/^\/v1\/approvals\/apr_/);
});

test('emergencies are listed, and one that is none is not reviewed', async () => {
  const served = await serving();
  expect((await served.call('GET', '/v1/break-glass', { token: operatorToken })).json).toEqual({ items: [] });
  const body = { outcome: 'justified', note: 'seen' };
  const answer = await served.call('POST', '/v1/break-glass/bgl_x/review', { token: operatorToken, body });
  expectProblem(answer, 'breakglass.unknown');
});
