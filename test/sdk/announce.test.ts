import { expect, test } from '@jest/globals';
import { answering, approval, clientOf, problem, scripted } from './asking.js';

const url = 'https://broker.test';
const call = { task: 'tsk_AAAAAAAA', tool: 'payments.list', reason: 'refund' };
const step = (over: object) => answering(201, { id: 'stp_AAAAAAAABBBBBB', task: call.task, ...over });
const asks = () => step({ decision: 'ask', fault: 'approval.required', approval: approval.id });

test('what is decided at once is the answer, permitted or not', async () => {
  const { fetch, asked } = scripted(step({ decision: 'permit' }), step({ decision: 'deny' }));
  const client = clientOf(url, { fetch });
  expect(await client.announce(call)).toMatchObject({ decision: 'permit' });
  expect(await client.announce(call)).toMatchObject({ decision: 'deny' });
  expect(asked[0]).toMatchObject({
    url: `${url}/v1/tasks/tsk_AAAAAAAA/steps`,
    body: { tool: 'payments.list', reason: 'refund' },
  });
});

test('a person is waited for, and the same call is announced by the approval', async () => {
  const { fetch, asked } = scripted(
    asks(),
    answering(200, approval),
    answering(200, { ...approval, status: 'approved' }),
    step({ decision: 'permit', approval: approval.id }),
  );
  const told: unknown[] = [];
  const client = clientOf(url, { fetch, onApprovalPending: (one) => void told.push(one.url) });
  expect(await client.announce(call)).toMatchObject({ decision: 'permit' });
  expect(told).toEqual([approval.url]);
  expect(asked[2]?.url).toBe(`${url}/v1/approvals/${approval.id}?wait=30s`);
  expect(asked[3]?.body).toEqual({ tool: 'payments.list', reason: 'refund', approval: approval.id });
  expect(asked[3]?.headers.get('idempotency-key')).not.toBe(asked[0]?.headers.get('idempotency-key'));
});

test('a denial is told by the broker, in its own fault', async () => {
  const { fetch } = scripted(
    asks(),
    answering(200, approval),
    answering(200, { ...approval, status: 'denied' }),
    problem('approval.denied', 403, false),
  );
  await expect(clientOf(url, { fetch }).announce(call)).rejects.toMatchObject({ code: 'approval.denied' });
});

test('whoever will not wait, or of whom nobody is asked, gets the decision', async () => {
  const { fetch, asked } = scripted(asks(), step({ decision: 'ask', fault: 'approval.limit' }));
  const client = clientOf(url, { fetch });
  expect(await client.announce(call, { waitForApproval: false })).toMatchObject({ approval: approval.id });
  expect(await client.announce(call)).toMatchObject({ decision: 'ask', fault: 'approval.limit' });
  expect(asked).toHaveLength(2);
});
