import { beforeEach, describe, expect, test } from '@jest/globals';
import { cancelApproval, decideApproval, findApproval, revokeApproval } from '../../src/broker/approvals.js';
import type { SubtaskRequest } from '../../src/broker/broker.js';
import { delegate } from '../../src/broker/delegate.js';
import type { Ports } from '../../src/broker/ports.js';
import { takeStep } from '../../src/broker/steps.js';
import { endTask, findTask } from '../../src/broker/tasks.js';
import { ann, bob } from '../fake/asking.js';
import { permitting } from '../fake/broker-ports.js';
import { subtaskOf } from '../fake/delegated.js';
import { asking, askingToDelegate } from './delegating-by-approval.js';
import type { AskingToDelegate } from './delegating-by-approval.js';
import { a, b, c, d, refusedAs, reports } from './delegating.js';

const yes = { is: 'approve' } as const;

let world: AskingToDelegate;
beforeEach(async () => {
  world = await askingToDelegate();
});

const decided = (id: string, who = ann) => decideApproval(world.ports, who, id, yes);
async function approved(over: Partial<SubtaskRequest> = {}): Promise<string> {
  const { id } = await world.ask(over);
  await decided(id);
  return id;
}
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
    const id = await approved();
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
    const id = await approved();
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
    const id = await approved();
    const first = await world.use(id, {}, 'once');
    expect(await world.use(id, {}, 'once')).toEqual(first);
    expect(await world.below()).toHaveLength(1);
  });

  test('the key of one that was asked about finds its question, whatever has become of it', async () => {
    const { id } = await world.ask({}, a, 'once');
    expect(await world.ask({}, a, 'once')).toMatchObject({ id, state: 'pending' });
    await decided(id);
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
    const id = await approved(lasting(600_000));
    const later = lasting(700_000);
    expect(await world.use(id, later)).toMatchObject({ deadlineAt: later.deadlineAt });
  });

  const allowed = (limits: object, credential = 'reports') => ({
    scope: { ...world.wanted.scope, allowed: [{ credential, limits: { ...limits } }] },
  });
  const scoped = (over: object) => ({ scope: { ...world.wanted.scope, ...over } });
  test.each<[string, () => Partial<SubtaskRequest>]>([
    ['another agent', () => ({ agent: c.id })],
    ['another intent', () => ({ intent: 'draw others' })],
    ['another entry', () => allowed({}, 'payments')],
    ['a wider parameter', () => allowed({ prefix: 'reports/' })],
    ['a narrower parameter', () => allowed({ prefix: 'reports/2026/01/' })],
    ['one more parameter', () => allowed({ prefix: 'reports/2026/', month: 'jan' })],
    ['other tools', () => scoped({ tools: ['draw', 's3.get'] })],
    ['other environments', () => scoped({ environments: [] })],
    ['another longest TTL', () => scoped({ maximumTtlSeconds: 601 })],
    ['another moment of its end', () => ({ deadlineAt: world.wanted.deadlineAt - 1 })],
    ['a duration in place of a moment', () => ({ deadlineInSeconds: 600 })],
  ])('what was approved is not good for %s', async (_what, over) => {
    const id = await approved();
    await expect(world.use(id, over())).rejects.toEqual(refusedAs('approval.out_of_scope'));
    expect(await world.below()).toEqual([]);
    await expect(world.use(id)).resolves.toMatchObject({ agent: b.id });
  });

  test('nor for a part of another task', async () => {
    const id = await approved();
    const other = await world.tree.rooted();
    await expect(world.use(id, { parent: other.id })).rejects.toEqual(refusedAs('approval.out_of_scope'));
  });

  test.each<[string, () => void]>([
    ['an entry', () => (world.overPolicy = { catalog: new Map([['reports', { ...reports, riskTier: 3 }]]) })],
    [
      'what an entry mints',
      () => (world.overPolicy = { catalog: new Map([['reports', { ...reports, mint: { role: 'x' } }]]) }),
    ],
    ['a tool', () => (world.overPolicy = { tools: new Map() })],
    [
      'the agent that it is for',
      () => {
        const agents = new Map([[b.id, { owner: 'mallory@example.com' }]]);
        world.ports = { ...world.ports, inventory: { ...world.ports.inventory, agents } };
      },
    ],
  ])('nor when the settings say something else of %s by now', async (_what, change) => {
    const id = await approved();
    change();
    await expect(world.use(id)).rejects.toEqual(refusedAs('approval.out_of_scope'));
  });

  const touch = () => takeStep(world.ports, a, { task: world.parent.id, tool: 's3.get' });
  test('nor once the task has touched other data, be it in the same moment', async () => {
    const id = await approved();
    const { delegations } = world.ports.ledger;
    const open: typeof delegations.open = async (...of) => {
      await touch();
      return delegations.open(...of);
    };
    const racing = {
      ...world.ports,
      ledger: { ...world.ports.ledger, delegations: { ...delegations, open } },
    };
    const request = { ...world.wanted, approval: id };
    await expect(delegate(racing, a, request)).rejects.toEqual(refusedAs('approval.out_of_scope'));
    await expect(world.use(id)).rejects.toEqual(refusedAs('approval.out_of_scope'));
    expect((await world.ask()).id).not.toBe(id);
    expect(await world.below()).toEqual([]);
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
      (id) => decided(id).then(() => revokeApproval(world.ports, ann, id, 'no')),
      'approval.revoked',
    ],
    [
      'its time to be used is over',
      async (id) => {
        briefly({ usableMs: 1 });
        await decided(id);
        await past((await found(id)).approvedUntil!);
      },
      'approval.expired',
    ],
    ['its task has ended', (id) => decided(id).then(ended), 'task.ended'],
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
    const given = await approved({ intent: 'another' });
    await ended();
    for (const id of [open.id, given])
      expect(await found(id)).toMatchObject({ state: 'cancelled', cause: 'task_end' });
    await expect(decided(open.id)).rejects.toEqual(refusedAs('approval.decided'));
  });

  test('policy is asked again: what it denies by now is not delegated, and the approval is not used up', async () => {
    const id = await approved();
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
    await decided(id);
    await expect(world.use(id)).rejects.toEqual(refusedAs('approval.pending'));
    await decided(id, bob);
    expect(await world.use(id)).toMatchObject({ agent: b.id });
  });

  test("another's approval says no more than one that does not exist", async () => {
    const id = await approved();
    const part = await world.use(id);
    const request = { ...world.wanted, parent: part.id, agent: d.id, deadlineAt: part.deadlineAt };
    for (const approval of [id, 'apr_0000000000000000'])
      await expect(world.delegate({ ...request, approval }, b)).rejects.toEqual(
        refusedAs('approval.unverifiable'),
      );
  });

  test('an approval of a delegation is good for nothing else, nor one of a credential for it', async () => {
    const id = await approved();
    const credential = { credential: 'reports', parameters: {}, approval: id };
    await expect(world.tree.asking(world.parent, a, credential)).rejects.toEqual(
      refusedAs('approval.out_of_scope'),
    );
    const call = { task: world.parent.id, tool: 'draw', approval: id };
    await expect(takeStep(world.ports, a, call)).rejects.toEqual(refusedAs('approval.out_of_scope'));
    expect(await found(id)).toMatchObject({ state: 'approved' });
  });

  test('a store that has gone back delegates nothing by an approval', async () => {
    const id = await approved();
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
    const id = await approved();
    const task = await world.use(id);
    expect(await revokeApproval(world.ports, ann, id, 'a mistake')).toMatchObject({ state: 'revoked' });
    expect(await findTask(world.ports, a, task.id)).toMatchObject({ state: 'ended', outcome: 'cancelled' });
    expect(await findTask(world.ports, a, world.parent.id)).toMatchObject({ state: 'open' });
  });

  test('a refused use is in the log, with the approval that was named', async () => {
    const id = await approved();
    await expect(world.use(id, { intent: 'draw others' })).rejects.toThrow();
    const told = await world.tree.eventsOf(world.parent.id);
    expect(told.filter(({ type }) => type === 'delegation.refused')).toMatchObject([
      {
        ...{ agent: a.id, delegate: b.id, fault: 'approval.out_of_scope', approval: id },
        asserted: { intent: 'draw others' },
      },
    ]);
  });
});
