import { expect, test } from '@jest/globals';
import { operatorToken } from '../fake/pretend-broker.js';
import { expectProblem, serving } from './serving.js';

test('the keys that verify checkpoints are for everyone', async () => {
  const { call } = await serving();
  const { status, json } = await call('GET', '/v1/audit/keys', { token: null });
  expect(status).toBe(200);
  expect(json).toEqual({
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'eA', kid: 'k1', alg: 'EdDSA', use: 'sig' }],
  });
});

test('checkpoints are listed as they were signed', async () => {
  const { call, broker } = await serving();
  const { json } = await call('GET', '/v1/audit/checkpoints?page_size=7', { token: operatorToken });
  expect(json).toEqual({ items: [{ seq: 1, at: '2030-01-01T00:00:00.000Z', jws: 'e30.e30.e30' }] });
  expect(broker.calls.at(-1)?.arguments[1]).toEqual({ pageSize: 7 });
  expectProblem(await call('GET', '/v1/audit/checkpoints', { token: null }), 'identity.unproven');
});

test('the log is read between two moments', async () => {
  const { call, broker } = await serving();
  const query = 'since=2030-01-01T00:00:00Z&until=2030-01-01T02:00:00%2B01:00';
  expect((await call('GET', `/v1/audit?${query}`, { token: operatorToken })).status).toBe(200);
  expect(broker.calls.at(-1)?.arguments[1]).toEqual({
    pageSize: 50,
    since: Date.UTC(2030, 0, 1),
    until: Date.UTC(2030, 0, 1, 1),
  });
  expectProblem(
    await call('GET', '/v1/audit?since=yesterday', { token: operatorToken }),
    'request.malformed',
  );
});

test('AUD-08: an intent of 1 MB is refused before it is read, and one of a few thousand characters is not kept either', async () => {
  const { call, broker } = await serving();
  const opening = (intent: string) => call('POST', '/v1/tasks', { body: { intent, deadline: '1h' } });
  expectProblem(await opening('x'.repeat(1_048_576)), 'request.too_large');
  expectProblem(await opening('x'.repeat(2001)), 'request.malformed');
  expect(broker.tasks.size).toBe(0);
});

test.each([
  ['the controls of a terminal', 'read \u001b[2J\u001b]0;owned\u0007'],
  ['a text that turns round', 'read \u202egnp.exe'],
  ['letters that nobody sees', 'read\u{e0041}'],
])('AUD-08: %s cannot come into the log', async (_what, intent) => {
  const { call } = await serving();
  expectProblem(await call('POST', '/v1/tasks', { body: { intent, deadline: '1h' } }), 'request.malformed');
});

test('AUD-08: markup of an agent is data: it is given back as it was, as JSON that nothing renders', async () => {
  const { call } = await serving();
  const intent = '<script>alert(1)</script> {{7*7}} ${x}';
  const { json, headers } = await call('POST', '/v1/tasks', { body: { intent, deadline: '1h' } });
  expect(json['intent']).toBe(intent);
  expect(headers.get('content-type')).toBe('application/json');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});
