import { expect, test } from '@jest/globals';
import type { DelegationApproval } from '../../src/approval/approval.js';
import { operatorToken } from '../fake/pretend-broker.js';
import { approvalId, pendingApproval } from '../fake/pretend-approvals.js';
import { now, serving } from './serving.js';

const part = {
  ...{ agent: 'agent:charts', intent: 'draw', deadline: '30m' },
  allowed: [{ credential: 'reports-reader', parameters: { prefix: 'reports/2026/' } }],
  maximumTtl: '5m',
};
const { request: _request, known: _known, ...questioned } = pendingApproval(now);
const approval: DelegationApproval = {
  ...questioned,
  request: {
    ...{ delegate: part.agent, intent: part.intent, deadlineInSeconds: 1800 },
    scope: {
      allowed: [{ credential: 'reports-reader', limits: { prefix: 'reports/2026/' } }],
      ...{ tools: ['draw'], maximumTtlSeconds: 300 },
    },
  },
  known: { issuer: 'test', claims: {}, depth: 1, entries: [] },
};

async function delegating(...served: Parameters<typeof serving>) {
  const { call, broker } = await serving(...served);
  const { json: task } = await call('POST', '/v1/tasks', { body: { intent: 'x', deadline: '1h' } });
  const path = `/v1/tasks/${String(task['id'])}/subtasks`;
  return {
    call,
    delegate: (more: object = {}) => call('POST', path, { body: { ...part, ...more } }),
    asked: () => broker.calls.find(({ verb }) => verb === 'delegate')?.arguments[1],
  };
}

test('a delegation that a person is asked about is answered 202, as a credential is, with what was asked', async () => {
  const { delegate } = await delegating({ broker: { delegate: async () => ({ approval }) } });
  const answer = await delegate();
  expect([answer.status, answer.headers.get('location')]).toEqual([202, `/v1/approvals/${approvalId}`]);
  expect(answer.json).toMatchObject({
    approval: {
      ...{ id: approvalId, status: 'pending', url: `/console/approvals/${approvalId}` },
      request: { ...part, tools: ['draw'] },
    },
  });
});

test('a moment of its end is told as a moment, and the sub-task that it was used for', async () => {
  const { deadlineInSeconds: _duration, ...request } = approval.request;
  const used = {
    ...({ ...approval, state: 'used', subtask: 'tsk_0000bbbb' } as const),
    request: { ...request, deadlineAt: now },
  };
  const { delegate } = await delegating({ broker: { delegate: async () => ({ approval: used }) } });
  expect((await delegate()).json).toMatchObject({
    approval: {
      ...{ status: 'used', subtask: 'tsk_0000bbbb' },
      request: { deadline: '2030-01-01T00:00:00.000Z' },
    },
  });
});

test('the request that follows names the approval', async () => {
  const { delegate, asked } = await delegating();
  expect((await delegate({ approval: approvalId })).status).toBe(201);
  expect(asked()).toMatchObject({ approval: approvalId, deadlineInSeconds: 1800 });
});

test('what is no id of an approval is refused', async () => {
  const { delegate } = await delegating();
  expect((await delegate({ approval: 'yes' })).json).toMatchObject({ code: 'request.malformed' });
});

test('an operator sees what the broker knows apart from what the agent says', async () => {
  const view = {
    verified: {
      agent: { id: 'spiffe://test/agent', issuer: 'test', claims: {} },
      ...{ policies: ['handed-on'], pastUse: { times: 0 } },
      delegation: {
        ...{ known: true, delegate: part.agent, owner: 'finance', depth: 1, actors: ['spiffe://test/agent'] },
        allowed: [
          {
            ...{ credential: 'reports-reader', limits: { prefix: 'reports/2026/' }, provider: 'aws' },
            ...({ sensitivity: 'internal', environment: 'production', riskTier: 1 } as const),
          },
        ],
        ...{ maximumTtlSeconds: 300, deadlineInSeconds: 1800 },
      },
    },
    claimed: { subtaskIntent: 'draw' },
  };
  const { call } = await serving({
    broker: { approvals: { await: async () => approval, view: async () => view } as never },
  });
  const { json } = await call('GET', `/v1/approvals/${approvalId}`, { token: operatorToken });
  expect(json).toMatchObject({
    verified: {
      delegation: {
        ...{ delegate: part.agent, deadline: '30m', maximumTtl: '5m' },
        allowed: [{ credential: 'reports-reader', parameters: { prefix: 'reports/2026/' }, riskTier: 1 }],
      },
    },
    claimed: { subtaskIntent: 'draw' },
  });
});
