import { beforeEach, describe, expect, test } from '@jest/globals';
import { cancelApproval, decideApproval, findApproval, revokeApproval } from '../../src/broker/approvals.js';
import { delegate } from '../../src/broker/delegate.js';
import type { Ports } from '../../src/broker/ports.js';
import { endTask, findTask } from '../../src/broker/tasks.js';
import { ann, bob } from '../fake/asking.js';
import { permitting } from '../fake/broker-ports.js';
import { subtaskOf } from '../fake/delegated.js';
import { asking, askingToDelegate } from './delegating-by-approval.js';
import type { AskingToDelegate } from './delegating-by-approval.js';
import { a, b, refusedAs } from './delegating.js';

const yes = { is: 'approve' } as const;

let world: AskingToDelegate;
beforeEach(async () => {
  world = await askingToDelegate();
});

const found = (id: string) => findApproval(world.ports, a, id);

describe('a delegation that a person has to look at', () => {
  test('is a question to a person, and nothing is delegated', async () => {
    const approval = await world.ask();
    expect(approval).toMatchObject({
      state: 'pending',
      task: world.parent.id,
      request: { delegate: b.id, intent: 'draw them', deadlineAt: world.wanted.deadlineAt },
      demand: { because: ['handed-on'], approvers: ['approver'] },
    });
    expect(await world.below()).toEqual([]);
    expect(await world.tree.eventsOf(world.parent.id)).toContainEqual(
      expect.objectContaining({
        type: 'approval.requested',
        approval: approval.id,
        asked: approval.request,
        agent: a.id,
      }),
    );
  });

  test('is delegated once by what was approved, and tells by what', async () => {
    const id = await world.approved();
    const task = await world.use(id);
    expect(task).toMatchObject({ agent: b.id, parent: world.parent.id, intent: 'draw them', state: 'open' });
    expect(task).toMatchObject({ scope: world.wanted.scope, deadlineAt: world.wanted.deadlineAt });
    expect(await found(id)).toMatchObject({ state: 'used', subtask: task.id });
    expect(await world.tree.eventsOf(world.parent.id)).toContainEqual(
      expect.objectContaining({ type: 'task.delegated', task: task.id, approval: id }),
    );
    await expect(world.use(id)).rejects.toEqual(refusedAs('approval.used'));
    expect(await world.below()).toEqual([task.id]);
  });

  test('of twenty at once in two processes by one approval one is delegated', async () => {
    const id = await world.approved();
    const elsewhere: Ports = { ...world.ports, ledger: world.tree.other };
    const request = { ...world.wanted, approval: id };
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => delegate(at % 2 === 0 ? world.ports : elsewhere, a, request)),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = all.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : ''));
    expect(new Set(codes)).toEqual(new Set(['', 'approval.used']));
    expect(await world.below()).toHaveLength(1);
  });

  test('a retry with its Idempotency-Key is the sub-task that was delegated', async () => {
    const id = await world.approved();
    const first = await world.use(id, {}, 'once');
    expect(await world.use(id, {}, 'once')).toEqual(first);
    expect(await world.below()).toHaveLength(1);
  });

  test('the key of one that was asked about finds its question, whatever has become of it', async () => {
    const { id } = await world.ask({}, a, 'once');
    expect(await world.ask({}, a, 'once')).toMatchObject({ id, state: 'pending' });
    await world.decided(id);
    await world.use(id);
    expect(await world.ask({}, a, 'once')).toMatchObject({ id, state: 'used' });
    expect(await world.questions()).toHaveLength(1);
  });

  test('a key is answered as it was, whatever policy says by now', async () => {
    const { id } = await world.ask({}, a, 'asked');
    world.tree.decide = () => permitting();
    const task = subtaskOf(await world.delegate({ intent: 'another' }, a, 'delegated'));
    expect(await world.ask({}, a, 'asked')).toMatchObject({ id });
    world.tree.decide = () => ({ is: 'deny', because: ['no'], errors: [] });
    expect(await world.ask({}, a, 'asked')).toMatchObject({ id });
    expect(await world.delegate({ intent: 'another' }, a, 'delegated')).toMatchObject({ id: task.id });
    await expect(world.delegate({}, a, 'new')).rejects.toEqual(refusedAs('policy.denied'));
  });

  test('lasts as long as was asked, from when it is delegated', async () => {
    const lasting = (fromNow: number) => ({
      deadlineInSeconds: 600,
      deadlineAt: world.ports.ledger.clock() + fromNow,
    });
    const id = await world.approved(lasting(600_000));
    const later = lasting(700_000);
    expect(await world.use(id, later)).toMatchObject({ deadlineAt: later.deadlineAt });
  });

  const past = async (at: number) => {
    while (world.ports.ledger.clock() <= at) await new Promise((resolve) => setImmediate(resolve));
  };
  const briefly = (times: object) => {
    const approvals = { ...world.ports.limits.approvals, ...times };
    world.ports = { ...world.ports, limits: { ...world.ports.limits, approvals } };
  };
  test.each<[string, (id: string) => Promise<unknown>, string]>([
    ['nobody has answered', async () => {}, 'approval.pending'],
    [
      'it was denied',
      (id) => decideApproval(world.ports, ann, id, { is: 'deny', reason: 'no' }),
      'approval.denied',
    ],
    ['it was cancelled', (id) => cancelApproval(world.ports, a, id), 'approval.revoked'],
    [
      'it was taken back',
      (id) => world.decided(id).then(() => revokeApproval(world.ports, ann, id, 'no')),
      'approval.revoked',
    ],
    [
      'its time to be used is over',
      async (id) => {
        briefly({ usableMs: 1 });
        await world.decided(id);
        await past((await found(id)).approvedUntil!);
      },
      'approval.expired',
    ],
    ['its task has ended', (id) => world.decided(id).then(ended), 'task.ended'],
  ])('is not delegated when %s', async (_what, act, code) => {
    const { id } = await world.ask();
    await act(id);
    await expect(world.use(id)).rejects.toEqual(refusedAs(code));
    expect(await world.below()).toEqual([]);
  });
  const ended = () => endTask(world.ports, a, world.parent.id, 'completed');

  test('a question that nobody has answered in time is a no', async () => {
    briefly({ pendingMs: 1 });
    const { id, expiresAt } = await world.ask();
    await past(expiresAt);
    await expect(world.use(id)).rejects.toEqual(refusedAs('approval.expired'));
  });

  test('the end of the task takes its questions back', async () => {
    const open = await world.ask();
    const given = await world.approved({ intent: 'another' });
    await ended();
    for (const id of [open.id, given])
      expect(await found(id)).toMatchObject({ state: 'cancelled', cause: 'task_end' });
    await expect(world.decided(open.id)).rejects.toEqual(refusedAs('approval.decided'));
  });

  test('policy is asked again: what it denies by now is not delegated, and the approval is not used up', async () => {
    const id = await world.approved();
    world.tree.decide = () => ({ is: 'deny', because: ['no'], errors: [] });
    await expect(world.use(id)).rejects.toEqual(refusedAs('policy.denied'));
    world.tree.decide = asking({ persons: 2 });
    await expect(world.use(id)).rejects.toEqual(refusedAs('policy.denied'));
    expect(await found(id)).toMatchObject({ state: 'approved' });
    world.tree.decide = asking();
    expect(await world.use(id)).toMatchObject({ agent: b.id });
  });

  test('two persons look where policy wants two', async () => {
    world.tree.decide = asking({ persons: 2 });
    const { id } = await world.ask();
    await world.decided(id);
    await expect(world.use(id)).rejects.toEqual(refusedAs('approval.pending'));
    await world.decided(id, bob);
    expect(await world.use(id)).toMatchObject({ agent: b.id });
  });

  test('a store that has gone back delegates nothing by an approval', async () => {
    const id = await world.approved();
    const guard = { admit: () => {}, mustHold: () => '9999999999999-0' } as unknown as Ports['guard'];
    const request = { ...world.wanted, approval: id };
    await expect(delegate({ ...world.ports, guard }, a, request)).rejects.toEqual(
      refusedAs('state.rolled_back'),
    );
    expect(await found(id)).toMatchObject({ state: 'approved' });
  });

  test('is approved as it is or denied', async () => {
    const { id } = await world.ask();
    for (const less of [{ ttlSeconds: 5 }, { parameters: { prefix: 'reports/2026/01/' } }])
      await expect(decideApproval(world.ports, ann, id, { ...yes, ...less })).rejects.toEqual(
        refusedAs('approval.wider'),
      );
  });

  test('taken back after it was used, it ends the sub-task', async () => {
    const id = await world.approved();
    const task = await world.use(id);
    expect(await revokeApproval(world.ports, ann, id, 'a mistake')).toMatchObject({ state: 'revoked' });
    expect(await findTask(world.ports, a, task.id)).toMatchObject({ state: 'ended', outcome: 'cancelled' });
    expect(await findTask(world.ports, a, world.parent.id)).toMatchObject({ state: 'open' });
    expect(await world.tree.eventsOf(task.id)).toContainEqual(
      expect.objectContaining({ type: 'task.ended', by: ann.id, via: `approval:${id}`, reason: 'a mistake' }),
    );
  });

  test('of a scope that is longer than an intent may be, what it can be known by again is in the log', async () => {
    const limits = { note: 'x'.repeat(60_000) };
    const scope = { allowed: [{ credential: 'reports', limits }] };
    await expect(world.ask({ scope })).rejects.toThrow();
    const told = (await world.tree.eventsOf(world.parent.id)).find(
      ({ type }) => type === 'delegation.refused',
    );
    expect(told).toMatchObject({ asserted: { scopeSha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(JSON.stringify(told).length).toBeLessThan(2000);
  });

  test('a refused use is in the log, with the approval that was named', async () => {
    const id = await world.approved();
    await expect(world.use(id, { intent: 'draw others' })).rejects.toThrow();
    const told = await world.tree.eventsOf(world.parent.id);
    expect(told.filter(({ type }) => type === 'delegation.refused')).toMatchObject([
      {
        ...{ agent: a.id, delegate: b.id, fault: 'approval.out_of_scope', approval: id },
        asserted: { intent: 'draw others', scope: { allowed: [{ credential: 'reports' }] } },
      },
    ]);
  });
});
