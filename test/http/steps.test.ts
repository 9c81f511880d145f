import { expect, test } from '@jest/globals';
import { expectProblem, serving } from './serving.js';

const opened = async ({ call }: Awaited<ReturnType<typeof serving>>) =>
  (await call('POST', '/v1/tasks', { body: { intent: 'i', deadline: '1h' } })).json['id'] as string;

test('a tool call is announced, and the answer is a decision with the policies that decided', async () => {
  const api = await serving();
  const task = await opened(api);
  const answer = await api.call('POST', `/v1/tasks/${task}/steps`, {
    body: { tool: 's3.get', target: 'report 7' },
  });
  expect(answer.status).toBe(201);
  expect(answer.json).toMatchObject({
    task,
    tool: 's3.get',
    decision: 'permit',
    policies: ['reads-are-free'],
  });
  expect((await api.call('GET', `/v1/tasks/${task}/steps`)).json).toEqual({ items: [] });
});

test('a credential for a step names the tool of the step', async () => {
  const api = await serving();
  const task = await opened(api);
  const body = { credential: 'reports-reader', parameters: {}, step: 'stp_0123456789abcd' };
  expect((await api.call('POST', `/v1/tasks/${task}/credentials`, { body })).json).toMatchObject({
    status: 400,
    errors: [{ pointer: '/tool' }],
  });
  const answer = await api.call('POST', `/v1/tasks/${task}/credentials`, { body: { ...body, tool: 't' } });
  expect(answer.status).toBe(201);
  expect(api.broker.calls.at(-1)!.arguments[1]).toMatchObject({ step: 'stp_0123456789abcd', tool: 't' });
});

test.each([
  ['terminal escapes', 'ls\u001b[2J'],
  ['text that turns direction', 'abc\u202etxt'],
  ['nothing', ''],
  ['a name without end', 'x'.repeat(129)],
])('a tool of %s is no tool', async (_what, tool) => {
  const api = await serving();
  const task = await opened(api);
  const answer = await api.call('POST', `/v1/tasks/${task}/steps`, { body: { tool } });
  expect(answer.status).toBe(400);
});

test('an intent of a megabyte is refused before it is looked at; HTML in one is kept as the text that it is', async () => {
  const api = await serving();
  const large = { intent: '<b>\u001b[31m\u202e'.repeat(131_072), deadline: '1h' };
  expect((await api.call('POST', '/v1/tasks', { body: large })).status).toBe(413);
  const html = { intent: '<script>alert(1)</script>', deadline: '1h' };
  const answer = await api.call('POST', '/v1/tasks', { body: html });
  expect(answer.status).toBe(201);
  expect(answer.json['intent']).toBe(html.intent);
  expect(answer.headers.get('content-type')).toContain('application/json');
});

// 405 and not 409 (RFC 9110 sections 15.5.6 and 15.5.10): there is no state of a task in which it could be changed, so
// nothing that a caller could resolve and try again.
test.each(['PATCH', 'PUT', 'DELETE', 'POST'])(
  'POL-04: intent never changes: a task takes no %s, and says what it takes',
  async (method) => {
    const api = await serving();
    const task = await opened(api);
    const before = (await api.call('GET', `/v1/tasks/${task}`)).json;
    const body = { intent: 'another', tools: ['sql'], deadline: '2h' };
    const answer = await api.call(method, `/v1/tasks/${task}`, { body });
    expectProblem(answer, 'route.method');
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect((await api.call('GET', `/v1/tasks/${task}`)).json).toEqual(before);
  },
);
