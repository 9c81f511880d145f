import { expect, test } from '@jest/globals';
import { Fault } from '../../src/kernel/fault.js';
import { agentToken, operatorToken } from '../fake/pretend-broker.js';
import { approvalId, pendingApproval } from '../fake/pretend-approvals.js';
import { expectProblem, now, serving } from './serving.js';

const path = `/v1/approvals/${approvalId}`;

test('APR-01: a question is answered 202, and says where to wait for its answer', async () => {
  const served = await serving({
    broker: { grantOrAsk: async () => ({ approval: pendingApproval(now) }) },
  });
  const { json: task } = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const answer = await served.call('POST', `/v1/tasks/${String(task['id'])}/credentials`, {
    body: { credential: 'reports-reader' },
  });
  expect(answer.status).toBe(202);
  expect(answer.headers.get('location')).toBe(path);
  expect(answer.json).toEqual({
    approval: {
      id: approvalId,
      status: 'pending',
      url: `/console/approvals/${approvalId}`,
      digest: 'ab'.repeat(32),
      agent: 'spiffe://test/agent',
      task: 'tsk_0000aaaa',
      request: {
        credential: 'reports-reader',
        parameters: { prefix: 'reports/' },
        ttl: '10m',
        reason: 'monthly',
      },
      approvers: ['approver'],
      persons: 1,
      policyDigest: 'd1',
      requestedAt: '2030-01-01T00:00:00.000Z',
      expiresAt: '2030-01-01T00:15:00.000Z',
      answers: [],
    },
  });
});

test('the request that follows names the approval, and nothing else of it gets to the broker', async () => {
  const served = await serving();
  const { json: task } = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  await served.call('POST', `/v1/tasks/${String(task['id'])}/credentials`, {
    body: { credential: 'reports-reader', approval: approvalId },
  });
  const [, request] = served.broker.calls.find(({ verb }) => verb === 'grantOrAsk')?.arguments ?? [];
  expect(request).toMatchObject({ approval: approvalId });
});

test.each([
  ['pending', 409, 'grant_pending', 'retry'],
  ['expired', 403, 'approval_expired', 'request'],
  ['out_of_scope', 403, 'out_of_scope', 'request'],
  ['unverifiable', 403, 'approval_unverifiable', 'none'],
] as const)('APR-02: %s is told in the words of ARAP', async (which, status, reason, next) => {
  const served = await serving({
    broker: {
      grantOrAsk: async () => {
        throw new Fault(`approval.${which}`, 'no', { retryAfterSeconds: 2 });
      },
    },
  });
  const { json: task } = await served.call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const answer = await served.call('POST', `/v1/tasks/${String(task['id'])}/credentials`, {
    body: { credential: 'reports-reader', approval: approvalId },
  });
  expect(answer.status).toBe(status);
  expect(answer.json['denial']).toEqual({ reason, next_action: next });
});

test('APR-04: an operator sees what is verified apart from what is claimed; an agent sees neither', async () => {
  const served = await serving();
  const { json } = await served.call('GET', path, { token: operatorToken });
  expect(json).toMatchObject({ verified: { policies: ['risky'] }, claimed: { reason: 'monthly' } });
  const own = await served.call('GET', `${path}?wait=1s`);
  expect(own.json).not.toHaveProperty('verified');
  expect(own.json).not.toHaveProperty('claimed');
});

test('an operator approves, and the answer is the approval', async () => {
  const served = await serving();
  const answer = await served.call('POST', `${path}/decision`, {
    token: operatorToken,
    body: { decision: 'approve', ttl: '5m', parameters: { prefix: 'reports/a/' }, reason: 'checked' },
  });
  expect(answer.json).toMatchObject({ status: 'approved' });
});

test('APR-03: the token of a workload at the place where approvals are given is refused', async () => {
  const served = await serving();
  const answer = await served.call('POST', `${path}/decision`, {
    token: agentToken,
    body: { decision: 'approve' },
  });
  expectProblem(answer, 'role.missing');
});

test.each([
  ['a denial without a reason', { decision: 'deny' }],
  ['a denial that gives something', { decision: 'deny', reason: 'x', ttl: '5m' }],
  ['no decision', {}],
  ['another word', { decision: 'allow' }],
  ['a field that is none', { decision: 'approve', force: true }],
  ['a reason that turns the text', { decision: 'approve', reason: 'a\u202eb' }],
])('%s is malformed', async (_what, body) => {
  const served = await serving();
  expectProblem(
    await served.call('POST', `${path}/decision`, { token: operatorToken, body }),
    'request.malformed',
  );
});

test('it is cancelled, and revoked with a reason', async () => {
  const served = await serving();
  expect((await served.call('POST', `${path}/cancel`, { body: {} })).json).toMatchObject({
    status: 'cancelled',
  });
  const without = await served.call('POST', `${path}/revoke`, { token: operatorToken, body: {} });
  expectProblem(without, 'request.malformed');
  const revoked = await served.call('POST', `${path}/revoke`, {
    token: operatorToken,
    body: { reason: 'a fake' },
  });
  expect(revoked.json).toMatchObject({ status: 'revoked' });
});

test('what is no approval id is no approval, and nobody waits for longer than a minute', async () => {
  const served = await serving();
  expectProblem(await served.call('GET', '/v1/approvals/apr_1'), 'approval.unknown');
  expectProblem(await served.call('GET', '/v1/approvals/apr_0000000000000000'), 'approval.unknown');
  expectProblem(await served.call('GET', `${path}?wait=61s`), 'request.malformed');
  expect((await served.call('GET', '/v1/approvals?page_size=5')).json['items']).toHaveLength(1);
});
