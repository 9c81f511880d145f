import { expect, test } from '@jest/globals';
import { breakGlass } from '../../src/broker/break-glass.js';
import type { BreakGlassRequest } from '../../src/broker/broker.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, brokerPorts } from '../fake/broker-ports.js';
import { operatorToken, pretendBroker } from '../fake/pretend-broker.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
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

test('BRG-02: with the audit log down the answer is 503, and no provider is called', async () => {
  const redis = await connected(backends[0]!.url);
  const prefix = uniquePrefix();
  const ledger = redisLedger(redis, { prefix });
  const provider = pretendProvider();
  const { ports } = brokerPorts(ledger, [provider]);
  const olga = { ...admin, roles: ['breakglass' as const] };
  const take = (_principal: unknown, asked: BreakGlassRequest) => breakGlass(ports, olga, asked);
  const { emergency } = pretendBroker(ledger.clock);
  const served = await serving({ broker: { emergency: { ...emergency, take } } });
  const ask = () =>
    served.call('POST', '/v1/break-glass', {
      token: operatorToken,
      body: { ...request, credential: 'pretend-entry' },
    });
  // What is there is no log, and takes no event.
  await redis.set(`${prefix}:events`, 'not a log');
  expectProblem(await ask(), 'state.unavailable');
  expect(provider.calls).toEqual([]);
  await redis.del(`${prefix}:events`);
  expect((await ask()).status).toBe(201);
});
