import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { expectProblem, serving } from './serving.js';

const subject = { type: 'agent', id: 'spiffe://test/agent' };
const action = { name: 'issue' };
const resource = { type: 'credential', id: 'reports-reader' };
const other = { type: 'credential', id: 'nothing' };
const whole = { subject, action, resource };
const path = '/access/v1/evaluation';

test('POL-10 a denial is an answer: 200 with decision false', async () => {
  const { call } = await serving();
  expect(await call('POST', path, { body: whole })).toMatchObject({
    status: 200,
    json: { decision: true, context: { reason: 'permit', policies: ['reads-are-free'] } },
  });
  expect(await call('POST', path, { body: { ...whole, resource: other } })).toMatchObject({
    status: 200,
    json: { decision: false, context: { reason: 'credential.unknown' } },
  });
});

test.each<[string, unknown]>([
  ['no subject', { action, resource }],
  ['no action', { subject, resource }],
  ['no resource', { subject, action }],
  ['a subject without id', { ...whole, subject: { type: 'agent' } }],
  ['a resource without type', { ...whole, resource: { id: 'x' } }],
  ['an action that is text', { ...whole, action: 'issue' }],
  ['a number as id', { ...whole, resource: { type: 'credential', id: 7 } }],
  ['a context that is a list', { ...whole, context: [] }],
  ['an empty object', {}],
  ['a list', []],
  ['text that is no JSON', '{"subject":'],
])('POL-10 %s is a bad request', async (_what, body) => {
  const { call } = await serving();
  expect((await call('POST', path, { body })).status).toBe(400);
});

test('POL-10 another media type, and no body, are bad requests', async () => {
  const { call } = await serving();
  const headers = { 'content-type': 'text/plain' };
  expect((await call('POST', path, { body: JSON.stringify(whole), headers })).status).toBe(400);
  expect((await call('POST', path, { headers: { 'content-type': 'application/json' } })).status).toBe(400);
});

test('POL-10 fields that it does not know are ignored, and the id of a request comes back', async () => {
  const { call } = await serving();
  const body = { ...whole, subject: { ...subject, more: 1 }, another: true };
  const answer = await call('POST', path, { body, headers: { 'x-request-id': 'bfe9eb29-ab87-4ca3' } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-request-id')).toBe('bfe9eb29-ab87-4ca3');
  const odd = await call('POST', path, { body, headers: { 'x-request-id': 'with spaces' } });
  expect(odd.headers.get('x-request-id')).toMatch(/^req_/);
});

test('POL-10 evaluations take what they leave out from the outside; none of them is one evaluation', async () => {
  const { call, broker } = await serving();
  const several = '/access/v1/evaluations';
  const body = {
    ...whole,
    context: { reason: 'r' },
    evaluations: [{}, { resource: other, context: { tool: 't' } }],
  };
  const answer = await call('POST', several, { body });
  expect(answer.json).toMatchObject({ evaluations: [{ decision: true }, { decision: false }] });
  expect(broker.calls.filter(({ verb }) => verb === 'evaluate').map((one) => one.arguments[1])).toEqual([
    { ...whole, context: { reason: 'r' } },
    { ...whole, resource: other, context: { tool: 't' } },
  ]);
  for (const evaluations of [undefined, []])
    expect((await call('POST', several, { body: { ...whole, evaluations } })).json).toMatchObject({
      decision: true,
    });
  expect((await call('POST', several, { body: { subject: 'x', evaluations: [whole] } })).status).toBe(400);
});

test.each([
  ['execute_all', [true, false, true]],
  ['deny_on_first_deny', [true, false]],
  ['permit_on_first_permit', [true]],
])('POL-10 the semantic %s', async (evaluations_semantic, decisions) => {
  const { call } = await serving();
  const body = { ...whole, evaluations: [{}, { resource: other }, {}], options: { evaluations_semantic } };
  const { json } = await call('POST', '/access/v1/evaluations', { body });
  expect((json['evaluations'] as { decision: boolean }[]).map(({ decision }) => decision)).toEqual(decisions);
});

test('POL-10 the configuration names the endpoints, and a stranger is not answered', async () => {
  const { call, url } = await serving();
  expect((await call('GET', '/.well-known/authzen-configuration', { token: null })).json).toEqual({
    policy_decision_point: url,
    access_evaluation_endpoint: `${url}/access/v1/evaluation`,
    access_evaluations_endpoint: `${url}/access/v1/evaluations`,
    supported_obligations: ['custom'],
  });
  expect((await call('POST', path, { body: whole, token: null })).status).toBe(401);
});

test('POL-10 the search API is not offered: neither named in the configuration nor answered', async () => {
  const { call } = await serving();
  const { json } = await call('GET', '/.well-known/authzen-configuration', { token: null });
  for (const of of ['subject', 'resource', 'action']) {
    expect(json).not.toHaveProperty(`search_${of}_endpoint`);
    expectProblem(await call('POST', `/access/v1/search/${of}`, { body: whole }), 'route.unknown');
  }
});

test.each([undefined, 'https://protem.example.com', 'https://protem.example.com/'])(
  'POL-10 the configuration names no host that a caller made up (publicUrl %s)',
  async (publicUrl) => {
    const { port, url } = await serving(publicUrl === undefined ? {} : { publicUrl });
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
      get({ port, host: '127.0.0.1', path: '/.well-known/authzen-configuration', headers }, (response) => {
        text(response).then(resolve, reject);
      }).on('error', reject);
    });
    const base = publicUrl === undefined ? url : 'https://protem.example.com';
    expect(JSON.parse(answer)).toMatchObject({
      policy_decision_point: base,
      access_evaluation_endpoint: `${base}/access/v1/evaluation`,
    });
    expect(answer).not.toContain('evil.example');
  },
);
