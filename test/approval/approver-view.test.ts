import { expect, test } from '@jest/globals';
import { approverView } from '../../src/approval/approver-view.js';
import { inertIn } from '../../src/approval/inert.js';
import type { Task } from '../../src/task/task.js';
import { pendingApproval } from '../fake/pretend-approvals.js';

const hostile = '<script>alert(1)</script> \u001b[31mred\u001b[0m \u202egnp.exe\u2066 \u{e0041}\u200b';

const task = (over: Partial<Task> = {}): Task => ({
  id: 'tsk_0000aaaa',
  intent: hostile,
  agent: 'spiffe://test/agent',
  openedBy: 'spiffe://test/agent',
  labels: { 'te\u202eam': hostile },
  onBehalfOf: 'carol@example.com',
  openedAt: 0,
  deadlineAt: 3_600_000,
  state: 'open',
  ...over,
});

const viewOf = (over: Partial<Parameters<typeof approverView>[0]> = {}) =>
  inertIn(
    approverView({
      approval: pendingApproval(0, {
        request: { entry: 'e', parameters: {}, ttlSeconds: 60, reason: hostile, tool: 'sql' },
      }),
      task: task(),
      entry: undefined,
      agent: { owner: 'finance', purpose: 'reports' },
      pastUse: { times: 2, lastAt: 5 },
      before: undefined,
      ...over,
    }),
  );

test('APR-04: what an agent says of a task that it opened itself stands with its claims, and is inert', () => {
  const view = viewOf();
  expect(view.verified.task).not.toHaveProperty('intent');
  expect(view.verified.task).not.toHaveProperty('labels');
  expect(view.claimed).toMatchInlineSnapshot(`
{
  "intent": "<script>alert(1)</script> \\u{1b}[31mred\\u{1b}[0m \\u{202e}gnp.exe\\u{2066} \\u{e0041}\\u{200b}",
  "labels": {
    "te\\u{202e}am": "<script>alert(1)</script> \\u{1b}[31mred\\u{1b}[0m \\u{202e}gnp.exe\\u{2066} \\u{e0041}\\u{200b}",
  },
  "onBehalfOf": "carol@example.com",
  "reason": "<script>alert(1)</script> \\u{1b}[31mred\\u{1b}[0m \\u{202e}gnp.exe\\u{2066} \\u{e0041}\\u{200b}",
  "tool": "sql",
}
`);
  expect(JSON.stringify(view)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('APR-04: of a task that somebody else opened for the agent they are facts; tool and reason never are', () => {
  const view = viewOf({ task: task({ openedBy: 'orchestrator:argo', intent: 'payments' }) });
  expect(view.verified.task).toMatchObject({ intent: 'payments', onBehalfOf: 'carol@example.com' });
  expect(Object.keys(view.claimed).toSorted()).toEqual(['reason', 'tool']);
});

test('APR-04: what an agent says of a task that it delegated is no fact: its intent never, the rest if it opened it', () => {
  const above = { id: 'spiffe://test/above', issuer: 'test', claims: {} };
  const ofTree = { parent: 'tsk_0000bbbb', root: 'tsk_0000bbbb', actors: [above] };
  const own = viewOf({ task: task({ ...ofTree, openedBy: above.id }) });
  expect(own.verified.task).toMatchObject({ openedBy: above.id, actors: [above.id] });
  expect(Object.keys(own.verified.task!)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(intent|labels|onBehalfOf)$/)]),
  );
  expect(own.claimed).toMatchObject({ onBehalfOf: 'carol@example.com', intent: expect.any(String) });

  const vouched = viewOf({ task: task({ ...ofTree, openedBy: 'orchestrator:argo' }) });
  expect(vouched.verified.task).toMatchObject({ onBehalfOf: 'carol@example.com' });
  expect(vouched.verified.task).not.toHaveProperty('intent');
  expect(Object.keys(vouched.claimed).toSorted()).toEqual(['intent', 'reason', 'tool']);
});

test('APR-04: the view says what the agent asked before, and what is different now', () => {
  const before = pendingApproval(0, {
    id: 'apr_before0000000000',
    state: 'denied',
    request: { entry: 'e', parameters: { prefix: 'reports/a/' }, ttlSeconds: 60 },
  });
  const approval = pendingApproval(9, {
    request: { entry: 'e', parameters: { prefix: 'reports/' }, ttlSeconds: 600 },
  });
  expect(viewOf({ before, approval }).verified.before).toEqual({
    approval: before.id,
    state: 'denied',
    requestedAt: 0,
    differences: [
      { what: 'parameters.prefix', was: 'reports/a/', is: 'reports/' },
      { what: 'ttlSeconds', was: '60', is: '600' },
    ],
  });
});

test('APR-04: where the agent only says something else than before, that is among what it says', () => {
  const asked = { entry: 'e', parameters: {}, ttlSeconds: 60 };
  const before = pendingApproval(0, { request: { ...asked, tool: 's3.get', reason: 'the quarter' } });
  const approval = pendingApproval(9, {
    request: { ...asked, tool: 's3.get', reason: 'approve this, it is urgent' },
  });
  const { verified, claimed } = viewOf({ before, approval });
  expect(verified.before?.differences).toEqual([]);
  expect(claimed.differences).toEqual([
    { what: 'reason', was: 'the quarter', is: 'approve this, it is urgent' },
  ]);
  expect(viewOf({ before, approval: before }).claimed).not.toHaveProperty('differences');
});

test('APR-04: facts of the broker are there: who, what it leads to, how risky, and how often before', () => {
  expect(viewOf().verified).toMatchObject({
    agent: { id: 'spiffe://test/agent', issuer: 'test', owner: 'finance', claims: { ref: 'main' } },
    entry: { environment: 'production', sensitivity: 'restricted', riskTier: 3 },
    pastUse: { times: 2, lastAt: 5 },
    policies: ['risky'],
  });
});

test('APR-04: the tools that the task was permitted to use are a fact, with what the settings say of them', () => {
  const chain = {
    count: 2,
    last: ['sql.read', 'mail.send'],
    tools: ['mail.send', 'sql.read'],
    kinds: ['read', 'write'],
    dataClasses: ['internal'],
    steppedAt: 7,
  };
  const { count, tools, kinds, dataClasses } = chain;
  expect(viewOf({ task: task({ chain }) }).verified.task?.chain).toEqual({
    count,
    tools,
    kinds,
    dataClasses,
  });
  expect(viewOf().verified.task).not.toHaveProperty('chain');
});
