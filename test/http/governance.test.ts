import { expect, test } from '@jest/globals';
import { operatorToken } from '../fake/pretend-broker.js';
import { expectProblem, serving } from './serving.js';

const token = operatorToken;
const path = `/v1/agents/${encodeURIComponent('spiffe://test/agent')}`;

test('OPS-01: agents are listed, seen, disabled with a reason, and enabled', async () => {
  const { call, broker } = await serving();
  const id = 'spiffe://test/agent';
  expect((await call('GET', '/v1/agents', { token })).json).toMatchObject({ items: [{ id }] });
  expect((await call('GET', path, { token })).json).toMatchObject({ id, status: 'enabled' });
  const body = { reason: 'it was seen on another host' };
  expect((await call('POST', `${path}/disable`, { token, body })).json).toMatchObject({
    status: 'disabled',
  });
  expect((await call('POST', `${path}/enable`, { token, body })).json).toMatchObject({ status: 'enabled' });
  expect(broker.calls.findLast(({ verb }) => verb === 'disableAgent')?.arguments.slice(1)).toEqual([
    id,
    body.reason,
  ]);
});

test('an agent that is blocked names its blocks', async () => {
  const scope = { of: 'owner', name: 'finance' } as const;
  const at = Date.parse('2026-01-02T03:04:05Z');
  const block = { id: 'blk_00000000', scope, by: 'operator:olga', reason: 'a leak', at };
  const findAgent = async (_principal: unknown, id: string) =>
    ({ id, status: 'blocked', blockedBy: [block], liveLeases: 0, risk: 'none' }) as const;
  const { call } = await serving({ broker: { findAgent } });
  expect((await call('GET', path, { token })).json).toMatchObject({
    status: 'blocked',
    blockedBy: [{ ...block, at: '2026-01-02T03:04:05.000Z' }],
  });
});

test('a change of an agent needs its reason', async () => {
  const { call } = await serving();
  for (const what of ['disable', 'enable', 'signals'])
    expectProblem(await call('POST', `${path}/${what}`, { token, body: {} }), 'request.malformed');
});

test('a signal may end by itself', async () => {
  const { call, clock } = await serving();
  const body = { level: 'high', reason: 'seen at night', until: '1h' };
  const { status, json } = await call('POST', `${path}/signals`, { token, body });
  expect(status).toBe(200);
  const endsAt = new Date(clock() + 3_600_000).toISOString();
  expect(json).toMatchObject({ risk: 'high', signal: { reason: 'seen at night', endsAt } });
});

test('REV-06: how far a revocation is can be seen, and a block is lifted with a reason', async () => {
  const { call } = await serving();
  expect((await call('GET', '/v1/revocations/rev_00000000', { token })).json).toMatchObject({
    total: 1,
    revoked: 1,
    pending: 0,
  });
  expect((await call('GET', '/v1/revocations', { token })).json['items']).toHaveLength(1);
  expect((await call('GET', '/v1/blocks', { token })).json).toEqual({ items: [] });
  expectProblem(await call('POST', '/v1/blocks/blk_00000000/lift', { token, body: {} }), 'request.malformed');
  const lifted = await call('POST', '/v1/blocks/blk_00000000/lift', { token, body: { reason: 'over' } });
  expect(lifted.json).toMatchObject({ id: 'blk_00000000', reason: 'over' });
});

test('REV-07: a security event token is taken with 202, or refused with 400 and the words of RFC 8935', async () => {
  const { url } = await serving();
  const push = (body: string, type = 'application/secevent+jwt') =>
    fetch(`${url}/v1/signals/idp`, { method: 'POST', body, headers: { 'content-type': type } });
  expect((await push('good')).status).toBe(202);
  const refused = await push('forged');
  expect(refused.status).toBe(400);
  expect(refused.headers.get('content-type')).toBe('application/json');
  expect(await refused.json()).toEqual({
    err: 'invalid_key',
    description: 'It is not signed by a key of the transmitter.',
  });
  expect(await (await push('good', 'application/json')).json()).toMatchObject({ err: 'invalid_request' });
});
