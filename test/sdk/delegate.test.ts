import { expect, test } from '@jest/globals';
import { answering, approval, clientOf, problem, scripted } from './asking.js';

const url = 'https://broker.test';
const body = { agent: 'agent:charts', intent: 'draw', deadline: '30m', allowed: [{ credential: 'reports' }] };
const ask = { task: 'tsk_AAAAAAAA', ...body };
const opened = () => answering(201, { id: 'tsk_BBBBBBBB', parent: ask.task });
const pending = () => answering(202, { approval });

test('a part of a task is delegated', async () => {
  const { fetch, asked } = scripted(opened());
  expect(await clientOf(url, { fetch }).delegate(ask)).toMatchObject({ id: 'tsk_BBBBBBBB' });
  expect(asked).toMatchObject([{ url: `${url}/v1/tasks/tsk_AAAAAAAA/subtasks`, method: 'POST', body }]);
});

test('a person is waited for, and the same is delegated by the approval', async () => {
  const { fetch, asked } = scripted(
    pending(),
    answering(200, approval),
    answering(200, { ...approval, status: 'approved' }),
    opened(),
  );
  const told: unknown[] = [];
  const client = clientOf(url, { fetch, onApprovalPending: (one) => void told.push(one.url) });
  expect(await client.delegate(ask)).toMatchObject({ id: 'tsk_BBBBBBBB' });
  expect(told).toEqual([approval.url]);
  expect(asked[3]?.body).toEqual({ ...body, approval: approval.id });
  expect(asked[3]?.headers.get('idempotency-key')).not.toBe(asked[0]?.headers.get('idempotency-key'));
});

test('a denial is told by the broker, in its own fault', async () => {
  const denied = answering(200, { ...approval, status: 'denied' });
  const { fetch } = scripted(pending(), denied, problem('approval.denied', 403, false));
  await expect(clientOf(url, { fetch }).delegate(ask)).rejects.toMatchObject({ code: 'approval.denied' });
});

test('whoever will not wait gets the question', async () => {
  const { fetch, asked } = scripted(pending());
  const waiting = clientOf(url, { fetch }).delegate(ask, { waitForApproval: false });
  await expect(waiting).rejects.toMatchObject({ code: 'client.approval_pending', approval });
  expect(asked).toHaveLength(1);
});
