import { expect, test } from '@jest/globals';
import { faults } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import { expectProblem, now, serving } from './serving.js';

const anyone = { token: null };

test('a process that runs is live', async () => {
  const { call } = await serving();
  expect((await call('GET', '/livez', anyone)).json).toEqual({ live: true });
});

test('a broker whose checks pass is ready', async () => {
  const { call } = await serving();
  expect((await call('GET', '/readyz', anyone)).json).toEqual({ ready: true });
  const { json } = await call('GET', '/readyz?verbose', anyone);
  expect(json).toEqual({ ready: true, checks: [{ name: 'state', ok: true }] });
});

test('a broker with a failed check is not ready; what was found is for the log', async () => {
  const checks = [{ name: 'state', ok: false, detail: 'redis.internal:6379 refused' }];
  const { call, logged } = await serving({ broker: { ready: async () => ({ ready: false, checks }) } });
  const answer = await call('GET', '/readyz?verbose', anyone);
  expect(answer.status).toBe(503);
  expect(answer.json).toEqual({ ready: false, checks: [{ name: 'state', ok: false }] });
  expect(await logged({ msg: 'not ready' })).toMatchObject({ checks });
});

test('however many ask, the checks are run twice a second at most', async () => {
  let asked = 0;
  const ready = async () => ({ ready: ++asked > 0, checks: [] });
  const { call, clock } = await serving({ broker: { ready } });
  await Promise.all([1, 2, 3].map(() => call('GET', '/readyz', anyone)));
  expect(asked).toBe(1);
  clock.set(now + 500);
  await call('GET', '/readyz', anyone);
  expect(asked).toBe(2);
});

test('every problem type has a page', async () => {
  const { call } = await serving();
  for (const code of Object.keys(faults) as FaultCode[]) {
    const { json } = await call('GET', `/problems/${code}`, anyone);
    expect(json).toEqual({ type: `/problems/${code}`, code, ...faults[code] });
  }
  for (const code of ['nothing', 'constructor', '__proto__'])
    expectProblem(await call('GET', `/problems/${code}`, anyone), 'route.unknown');
});

test('metrics count requests by operation and never by id', async () => {
  const { call, logged } = await serving();
  const task = await call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  await call('GET', `/v1/tasks/${task.json['id'] as string}`);
  await call('GET', '/v1/elsewhere');
  await call('PURGE', '/v1/tasks');
  await logged({ method: 'PURGE' });
  const { text, headers } = await call('GET', '/metrics', anyone);
  expect(headers.get('content-type')).toContain('text/plain');
  for (const line of [
    'protem_http_requests_total{method="POST",route="/v1/tasks",status="201"} 1',
    'protem_http_requests_total{method="GET",route="/v1/tasks/{task}",status="200"} 1',
    'protem_http_requests_total{method="GET",route="none",status="404"} 1',
    'protem_http_requests_total{method="other",route="/v1/tasks",status="405"} 1',
    'protem_build_info{version="0.0.0-test"} 1',
  ])
    expect(text).toContain(line);
  expect(text).not.toMatch(/tsk_|spiffe/);
});
