import { beforeEach, describe, expect, test } from '@jest/globals';
import type { NewApproval } from '../../src/approval/approval.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import type { NewTask } from '../../src/task/task.js';
import { newTask } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { freshLedger } from './fresh.js';

const asking = { issuer: 'example.org', owner: '', provedAt: 0 };
const decided = { evaluation: 'req_1', is: 'permit', because: ['p'], policyDigest: 'd1' } as const;
const digest = 'ab'.repeat(32);
const times = { pendingMs: 60_000, pendingPerAgent: 10, askRate: { most: 10, withinSeconds: 60 } };
const key = { key: 'k', digest: 'one' };

describe.each(backends)('delegations on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  let parent: NewTask;
  let approval: NewApproval;
  beforeEach(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
    parent = (await ledger.tasks.open(newTask()))!;
    approval = {
      ...{ id: 'apr_0000000000000001', agent: parent.agent, task: parent.id, digest },
      request: { delegate: 'agent:b', intent: 'a part', scope: { allowed: [] }, deadlineInSeconds: 60 },
      known: { issuer: 'example.org', claims: {}, depth: 1, entries: [] },
      demand: { approvers: ['approver'], persons: 1, because: ['p'], policyDigest: 'd1' },
    };
  });

  const conditions = (over: object = {}) => ({ root: parent.id, fanOut: 16, tree: 100, ...over });
  const by = (on = 0) => ({ approval: { id: approval.id, digest, on } });
  const part = (count: number): NewTask => ({
    ...{
      id: `tsk_0000000${count}`,
      agent: 'agent:b',
      openedBy: parent.openedBy,
      labels: {},
      intent: 'a part',
    },
    ...{ deadlineAt: parent.deadlineAt, parent: parent.id, root: parent.id },
    ...{ actors: [{ id: parent.agent, issuer: 'example.org', claims: {} }], scope: { allowed: [] } },
  });
  const open = (count: number, over: object = {}, idempotency?: typeof key) =>
    ledger.delegations.open(part(count), decided, conditions(over), asking, idempotency);
  const look = (over: object = {}, idempotency?: typeof key) =>
    ledger.delegations.look(part(1), conditions(over), asking, idempotency);
  const ask = (idempotency?: typeof key) =>
    ledger.approvals.open(
      approval,
      {
        ...{ type: 'approval.requested', approval: approval.id, task: parent.id, agent: parent.agent },
        ...{ issuer: 'example.org', claims: {}, digest, decided, approvers: ['approver'], persons: 1 },
        asked: approval.request,
      } as never,
      times,
      { agent: parent.agent, issuer: 'example.org', owner: '' },
      idempotency,
    );
  const approved = async () => {
    await ask();
    const asked = (await ledger.approvals.find(approval.id))!;
    const answer = { is: 'approve', by: 'operator:ann', roles: ['approver'], at: 0 } as const;
    const event = { type: 'approval.decided', approval: approval.id, task: parent.id, agent: parent.agent };
    await ledger.approvals.answer(asked, answer, { state: 'approved', forMs: 60_000 }, event as never);
  };
  const below = async () => (await ledger.tasks.find(parent.id))!.subtasks ?? [];

  test('one approval opens one sub-task, whoever is first', async () => {
    await approved();
    const all = await Promise.allSettled([1, 2, 3, 4, 5].map((count) => open(count, by())));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [task] = await below();
    expect(await below()).toHaveLength(1);
    expect(await ledger.approvals.find(approval.id)).toMatchObject({ state: 'used', subtask: task });
  });

  test('looking says what would be refused, and changes nothing', async () => {
    await approved();
    expect(await look(by())).toBeUndefined();
    await expect(look({ fanOut: 0 })).rejects.toMatchObject({ code: 'delegation.fan_out' });
    await expect(look({ tree: 0 })).rejects.toMatchObject({ code: 'delegation.fan_out' });
    await expect(look({ mustHold: '9999999999999-0' })).rejects.toMatchObject({ code: 'state.rolled_back' });
    expect(await below()).toEqual([]);
    expect(await ledger.approvals.find(approval.id)).toMatchObject({ state: 'approved' });
  });

  test('what was approved on another chain of tools is decided again', async () => {
    await approved();
    await expect(open(1, by(7))).rejects.toMatchObject({ name: 'ChainMoved', rootId: parent.id });
    expect(await below()).toEqual([]);
    expect(await open(1, by(0))).toMatchObject({ id: part(1).id });
  });

  test('a key is answered with the question that was asked under it, and with nothing else', async () => {
    expect(await look({}, key)).toBeUndefined();
    await ask(key);
    expect(await look({}, key)).toEqual({ approval: approval.id });
    expect(await open(1, {}, key)).toEqual({ approval: approval.id });
    const other = { ...key, digest: 'other' };
    await expect(look({}, other)).rejects.toMatchObject({ code: 'idempotency.reused' });
    await expect(ask(other)).rejects.toMatchObject({ code: 'idempotency.reused' });
    expect(await below()).toEqual([]);
  });

  test('without a log nothing is delegated, and the approval is not used up', async () => {
    await approved();
    await redis.rename(`${prefix}:events`, `${prefix}:put-aside`);
    await redis.set(`${prefix}:events`, 'not a log');
    await expect(open(1, by())).rejects.toMatchObject({ code: 'state.unavailable' });
    await redis.rename(`${prefix}:put-aside`, `${prefix}:events`);
    expect(await below()).toEqual([]);
    expect(await open(2, by())).toMatchObject({ id: part(2).id });
  });
});
