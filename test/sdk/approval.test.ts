import { expect, test } from '@jest/globals';
import { answering, approval, clientOf, granted, problem, scripted } from './asking.js';

const url = 'https://broker.test';
const ask = { task: 'tsk_AAAAAAAA', credential: 'payments-admin', reason: 'refund' };
const pending = () => answering(202, { approval });

test('a person is waited for, and the request is sent again by the approval', async () => {
  const { fetch, asked } = scripted(
    pending(),
    answering(200, approval),
    answering(200, { ...approval, status: 'approved' }),
    answering(201, granted()),
  );
  const told: unknown[] = [];
  const client = clientOf(url, { fetch, onApprovalPending: (one) => void told.push(one.url) });
  const lease = await client.acquire(ask);
  expect(lease.id).toBe('lse_AAAAAAAABBBBBB');
  expect(told).toEqual([approval.url]);
  expect(asked[1]?.url).toBe(`${url}/v1/approvals/${approval.id}?wait=30s`);
  expect(asked[3]?.body).toEqual({ credential: 'payments-admin', reason: 'refund', approval: approval.id });
  expect(asked[3]?.headers.get('idempotency-key')).not.toBe(asked[0]?.headers.get('idempotency-key'));
});

test('a denial is told by the broker, in its own fault', async () => {
  const { fetch } = scripted(
    pending(),
    answering(200, { ...approval, status: 'denied' }),
    problem('policy.denied', 403, false),
  );
  await expect(clientOf(url, { fetch }).acquire(ask)).rejects.toMatchObject({ code: 'policy.denied' });
});

test('whoever will not wait gets the question', async () => {
  const { fetch, asked } = scripted(pending());
  const waiting = clientOf(url, { fetch }).acquire(ask, { waitForApproval: false });
  await expect(waiting).rejects.toMatchObject({ code: 'client.approval_pending', status: 202, approval });
  expect(asked).toHaveLength(1);
});

test('a signal ends the waiting for a person', async () => {
  const control = new AbortController();
  const { fetch } = scripted(pending());
  const waiting = clientOf(url, { fetch, onApprovalPending: () => control.abort(new Error('enough')) });
  await expect(waiting.acquire(ask, { signal: control.signal })).rejects.toThrow('enough');
});
