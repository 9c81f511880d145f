import { expect, test } from '@jest/globals';
import { expectProblem, now, serving } from './serving.js';

const minute = 60_000;
const ask = { intent: 'Summarise the reports', deadline: '2h' };

test('a task is opened, found, listed and ended', async () => {
  const { call } = await serving();
  const opened = await call('POST', '/v1/tasks', {
    body: { ...ask, labels: { team: 'reports' }, onBehalfOf: 'ada@test', tools: ['read'] },
  });
  expect(opened.status).toBe(201);
  expect(opened.json).toMatchObject({
    intent: ask.intent,
    agent: 'spiffe://test/agent',
    labels: { team: 'reports' },
    deadline: '2030-01-01T02:00:00.000Z',
    openedAt: '2030-01-01T00:00:00.000Z',
    state: 'open',
  });
  const path = `/v1/tasks/${opened.json['id'] as string}`;
  expect(opened.headers.get('location')).toBe(path);
  expect((await call('GET', path)).json).toEqual(opened.json);
  expect((await call('GET', '/v1/tasks')).json).toEqual({ items: [opened.json] });

  const ended = await call('POST', `${path}/end`, { body: { outcome: 'failed' } });
  expect(ended.status).toBe(200);
  expect(ended.json).toMatchObject({
    state: 'ended',
    outcome: 'failed',
    endedAt: '2030-01-01T00:00:00.000Z',
  });
});

test('a task ends as completed when nothing else is said', async () => {
  const { call } = await serving();
  const { json } = await call('POST', '/v1/tasks', { body: ask });
  const ended = await call('POST', `/v1/tasks/${json['id'] as string}/end`);
  expect(ended.json).toMatchObject({ outcome: 'completed' });
});

test.each([
  ['2030-01-01T01:00:00Z', 60 * minute],
  ['2030-01-01T01:00:00+01:00', 1],
  ['1h30m', 90 * minute],
])('a deadline may be a moment or a duration from now: %s', async (deadline, inMs) => {
  const { call, broker, clock } = await serving();
  if (inMs === 1) clock.set(now - 1);
  await call('POST', '/v1/tasks', { body: { ...ask, deadline } });
  expect([...broker.tasks.values()][0]?.deadlineAt).toBe((inMs === 1 ? now - 1 : now) + inMs);
});

test.each(['2029-12-31T23:59:59Z', '2030-01-01T00:00:00Z'])(
  'a deadline in the past is refused: %s',
  async (deadline) => {
    const { call, broker } = await serving();
    const problem = expectProblem(
      await call('POST', '/v1/tasks', { body: { ...ask, deadline } }),
      'task.deadline_past',
    );
    expect(problem.errors?.[0]?.pointer).toBe('/deadline');
    expect(broker.tasks.size).toBe(0);
  },
);

test.each([
  ['no deadline', { intent: 'x' }, '/deadline'],
  ['a deadline that is no time', { ...ask, deadline: 'tomorrow' }, '/deadline'],
  ['a deadline without an offset', { ...ask, deadline: '2030-01-02T00:00:00' }, '/deadline'],
  ['a day that does not exist', { ...ask, deadline: '2030-02-30T00:00:00Z' }, '/deadline'],
  ['a deadline of no time at all', { ...ask, deadline: '0s' }, '/deadline'],
  ['no intent', { deadline: '1h' }, '/intent'],
  ['an empty intent', { ...ask, intent: '' }, '/intent'],
  ['a novel for an intent', { ...ask, intent: 'x'.repeat(2001) }, '/intent'],
  ['an intent with terminal control', { ...ask, intent: 'x\u001b[2J' }, '/intent'],
  ['an unknown field', { ...ask, owner: 'me' }, '/owner'],
  ['a label that is no text', { ...ask, labels: { team: 1 } }, '/labels/team'],
  ['a long label value', { ...ask, labels: { team: 'x'.repeat(257) } }, '/labels/team'],
  [
    'too many labels',
    { ...ask, labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, ''])) },
    '/labels',
  ],
  ['a tool name that is too long', { ...ask, tools: ['x'.repeat(129)] }, '/tools/0'],
  ['a name with a slash and a tilde', { ...ask, 'a/b~c': 1 }, '/a~1b~0c'],
])('a task with %s is refused, and the error points at it', async (_what, body, pointer) => {
  const { call, broker } = await serving();
  const problem = expectProblem(await call('POST', '/v1/tasks', { body }), 'request.malformed');
  expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
  expect(broker.tasks.size).toBe(0);
});

test('everything that is wrong is said at once', async () => {
  const { call } = await serving();
  const { errors } = expectProblem(
    await call('POST', '/v1/tasks', { body: { intent: 7, extra: 1 } }),
    'request.malformed',
  );
  expect(errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['/deadline', '/extra', '/intent']);
});

test('a wrong outcome is refused', async () => {
  const { call } = await serving();
  const { json } = await call('POST', '/v1/tasks', { body: ask });
  const answer = await call('POST', `/v1/tasks/${json['id'] as string}/end`, {
    body: { outcome: 'exploded' },
  });
  expect(expectProblem(answer, 'request.malformed').errors?.[0]?.pointer).toBe('/outcome');
});

test.each(['tsk_00000000', 'nonsense', 'tsk_%00', '..%2f..%2fetc'])('there is no task %s', async (id) => {
  const { call } = await serving();
  expectProblem(await call('GET', `/v1/tasks/${id}`), 'task.unknown');
  expectProblem(await call('POST', `/v1/tasks/${id}/end`), 'task.unknown');
});

test('a page says how to get the next', async () => {
  const { call, broker } = await serving();
  for (let i = 0; i < 3; i++) await call('POST', '/v1/tasks', { body: ask });
  const { json } = await call('GET', '/v1/tasks?page_size=2&agent=spiffe://test/agent');
  expect(json['next_page_token']).toBe('bmV4dA');
  expect(json['items']).toHaveLength(2);
  await call('GET', '/v1/tasks?page_token=bmV4dA');
  expect(broker.calls.filter(({ verb }) => verb === 'listTasks').map((one) => one.arguments[1])).toEqual([
    { pageSize: 2, agent: 'spiffe://test/agent' },
    { pageSize: 50, pageToken: 'bmV4dA' },
  ]);
});

test.each([
  ['page_size=0', '/query/page_size'],
  ['page_size=501', '/query/page_size'],
  ['page_size=many', '/query/page_size'],
  ['page_size=1&page_size=2', '/query/page_size'],
  ['page_token=not%20one', '/query/page_token'],
  ['page_token=', '/query/page_token'],
  ['sort=name', '/query/sort'],
  ['__proto__=1', '/query/__proto__'],
])('a list refuses ?%s', async (query, pointer) => {
  const { call } = await serving();
  const problem = expectProblem(await call('GET', `/v1/tasks?${query}`), 'request.malformed');
  expect(problem.errors?.[0]?.pointer).toBe(pointer);
});

test('an idempotency key is passed on as it came', async () => {
  const { call, broker } = await serving();
  await call('POST', '/v1/tasks', { body: ask, headers: { 'idempotency-key': '"k-1"' } });
  expect(broker.calls.find(({ verb }) => verb === 'openTask')?.arguments[2]).toBe('"k-1"');
});

test.each(['', 'with blank', 'x'.repeat(256), 'ümlaut'])(
  'an idempotency key that is not one is refused: %j',
  async (key) => {
    const { call, broker } = await serving();
    const answer = await call('POST', '/v1/tasks', { body: ask, headers: { 'idempotency-key': key } });
    expect(expectProblem(answer, 'request.malformed').errors?.[0]?.pointer).toBe('/header/idempotency-key');
    expect(broker.tasks.size).toBe(0);
  },
);

test('what is missing is said to be, and not what it is instead', async () => {
  const { call } = await serving();
  const { json } = await call('POST', '/v1/tasks', { body: { deadline: '2h' } });
  expect(json['errors']).toEqual([{ pointer: '/intent', detail: 'is missing' }]);
});
