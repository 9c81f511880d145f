import { expect, test } from '@jest/globals';
import { cancelApproval, decideApproval, findApproval } from '../../src/broker/approvals.js';
import { delegate } from '../fake/delegated.js';
import { endTask, openTask } from '../../src/broker/tasks.js';
import { admin, agent, otherAgent } from '../fake/broker-ports.js';
import { ann, asking, askingBroker } from '../fake/asking.js';
import { permitting } from '../fake/broker-ports.js';

const yes = { is: 'approve' } as const;
const no = { is: 'deny', reason: 'no' } as const;

test('APR-06: the end of a task takes back what was asked for it: told, not listed as waiting, counted no longer', async () => {
  const { ask, ports, ledger, task, events } = await askingBroker({ settings: { pendingPerAgent: 2 } });
  const first = await ask();
  const second = await ask({ reason: 'another' });
  await expect(ask({ reason: 'a third' })).rejects.toMatchObject({ code: 'approval.limit' });
  expect(await ledger.approvals.pending()).toBe(2);

  await endTask(ports, admin, task, 'failed');
  expect(await ledger.approvals.pending()).toBe(0);
  for (const { id } of [first, second]) {
    expect(await findApproval(ports, agent, id)).toMatchObject({
      state: 'cancelled',
      cause: 'task_end',
      endedAt: expect.any(Number),
    });
    await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.decided' });
    expect(await events()).toContainEqual({
      type: 'approval.cancelled',
      approval: id,
      task,
      agent: agent.id,
      by: admin.id,
      cause: 'task_end',
    });
  }
  // Neither counts against what the agent may ask for its next task.
  const next = await openTask(ports, agent, {
    ...{ intent: 'the next', deadlineAt: ledger.clock() + 3_600_000, labels: {} },
  });
  expect((await ask({ task: next.id })).state).toBe('pending');
});

test('APR-06: what was approved and not used is taken back too; what was answered or used stays as it is', async () => {
  const { ask, use, ports, task, events } = await askingBroker();
  const [approved, denied, cancelled, used] = [
    await ask(),
    await ask({ reason: 'b' }),
    await ask({ reason: 'c' }),
    await ask({ reason: 'd' }),
  ];
  await decideApproval(ports, ann, approved.id, yes);
  await decideApproval(ports, ann, denied.id, no);
  await cancelApproval(ports, agent, cancelled.id);
  await decideApproval(ports, ann, used.id, yes);
  const { lease } = await use(used.id, { reason: 'd' });
  await endTask(ports, agent, task, 'completed');

  const stateOf = async ({ id }: { id: string }) => {
    const { state, cause } = await findApproval(ports, agent, id);
    return cause === undefined ? state : `${state}: ${cause}`;
  };
  expect(await stateOf(approved)).toBe('cancelled: task_end');
  expect(await stateOf(denied)).toBe('denied');
  expect(await stateOf(cancelled)).toBe('cancelled');
  expect(await stateOf(used)).toBe('used');
  expect(await findApproval(ports, agent, used.id)).toMatchObject({ lease: lease.id });
  await expect(use(approved.id)).rejects.toMatchObject({ code: 'task.ended' });
  const ended = (await events()).filter((event) => event.type === 'approval.cancelled' && event.cause);
  expect(ended).toHaveLength(1);
});

test('REV-05: questions of sub-tasks go with the task above', async () => {
  const { ask, ports, ledger, task, setPolicy } = await askingBroker();
  setPolicy(() => permitting(), 'd1');
  const { deadlineAt } = (await ledger.tasks.find(task))!;
  const below = await delegate(ports, agent, {
    ...{ parent: task, agent: otherAgent.id, intent: 'a part', deadlineAt },
    scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
  });
  setPolicy(asking(), 'd1');
  const { id } = await ask({ task: below.id }, otherAgent);
  await endTask(ports, agent, task, 'completed');
  expect(await findApproval(ports, otherAgent, id)).toMatchObject({ state: 'cancelled', cause: 'task_end' });
  expect(await ledger.approvals.pending()).toBe(0);
});

test('a question ends with the deadline of its task at the latest', async () => {
  const { ask, ports, ledger } = await askingBroker();
  const deadlineAt = ledger.clock() + 60_000;
  const short = await openTask(ports, agent, { intent: 'short', deadlineAt, labels: {} });
  expect((await ask({ task: short.id })).expiresAt).toBe(deadlineAt);
});

test('whatever comes first of a question and the end of its task, no question is left waiting', async () => {
  const { ask, ports, ledger } = await askingBroker({ settings: { pendingPerAgent: 100 } });
  for (let round = 0; round < 20; round++) {
    const { id } = await openTask(ports, agent, {
      ...{ intent: 'raced', deadlineAt: ledger.clock() + 3_600_000, labels: {} },
    });
    const [asked] = await Promise.allSettled([ask({ task: id }), endTask(ports, agent, id, 'completed')]);
    if (asked.status === 'rejected') expect(asked.reason).toMatchObject({ code: 'task.ended' });
  }
  expect(await ledger.approvals.pending()).toBe(0);
});
