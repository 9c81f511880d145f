import { beforeEach, describe, expect, test } from '@jest/globals';
import { approvalLimits, approvalSettings } from '../../src/approval/approval-settings.js';
import { cancelApproval, decideApproval, findApproval, revokeApproval } from '../../src/broker/approvals.js';
import { isOnPathOf } from '../../src/audit/event.js';
import type { StepRequest } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import { tellingOf } from '../../src/broker/notices.js';
import { revokeMany } from '../../src/broker/revoke-many.js';
import { viewApproval } from '../../src/broker/show-approvals.js';
import { takeStep } from '../../src/broker/steps.js';
import { endTask, openTask } from '../../src/broker/tasks.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Decision, Question } from '../../src/policy/decision.js';
import type { Task } from '../../src/task/task.js';
import { ann, bob } from '../fake/asking.js';
import { admin, agent, orchestrator, permitting } from '../fake/broker-ports.js';
import { denied, opening, stepping } from './stepping.js';
import type { Stepping } from './stepping.js';

const yes = { is: 'approve' } as const;
const call = { tool: 'mail.send', target: 'all customers', dataClass: 'public', reason: 'newsletter' };
const asking =
  (over: Partial<Extract<Decision, { is: 'ask' }>> = {}) =>
  ({ approved }: Question): Decision =>
    approved ? permitting() : { is: 'ask', approvers: ['approver'], because: ['outward'], ...over };

let world: Stepping;
let ports: Ports;
let task: Task;
beforeEach(async () => {
  world = await stepping();
  world.decide = asking();
  const approvals = approvalLimits(approvalSettings.parse({}));
  ports = { ...world.ports, limits: { ...world.ports.limits, approvals } };
  task = await openTask(ports, agent, opening);
});

const announce = (over: Partial<StepRequest> = {}, who: Principal = agent, key?: string) =>
  takeStep(ports, who, { task: task.id, ...call, ...over }, key);
const asked = async (over: Partial<StepRequest> = {}): Promise<string> => (await announce(over)).approval!;
const countOf = async () => (await world.ledger.tasks.find(task.id))!.chain?.count ?? 0;
const eventsOf = async () =>
  (await world.ledger.log.read({ subject: task.id, pageSize: 100 })).items.map(({ event }) => event);

describe('a tool call that a person has to look at', () => {
  test('is a question to a person, who sees what the settings say of the tool apart from what the agent says', async () => {
    const step = await announce();
    expect(step).toMatchObject({ decision: 'ask', fault: 'approval.required', approvers: ['approver'] });
    const approval = await findApproval(ports, ann, step.approval!);
    expect(approval).toMatchObject({ state: 'pending', request: call, demand: { because: ['outward'] } });
    const view = await viewApproval(ports, ann, approval);
    expect(view).toMatchObject({
      verified: { tool: { name: 'mail.send', kind: 'write', dataClass: 'public' }, pastUse: { times: 0 } },
      claimed: { target: 'all customers', dataClass: 'public', reason: 'newsletter' },
    });
    expect(view!.verified).not.toHaveProperty('entry');
    expect(await countOf()).toBe(0);
    expect(await eventsOf()).toContainEqual(
      expect.objectContaining({ type: 'approval.requested', approval: step.approval, asked: call }),
    );
  });

  test('is permitted once by what was approved, joins the chain, and tells by what', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    const step = await announce({ approval: id });
    expect(step).toMatchObject({ decision: 'permit', approval: id });
    expect(await countOf()).toBe(1);
    expect(await findApproval(ports, agent, id)).toMatchObject({ state: 'used', step: step.id });
    expect(await eventsOf()).toContainEqual(
      expect.objectContaining({ type: 'step.decided', step: step.id, approval: id, tool: 'mail.send' }),
    );
    await expect(announce({ approval: id })).rejects.toMatchObject({ code: 'approval.used' });
    expect(await countOf()).toBe(1);
    const again = await viewApproval(ports, ann, await findApproval(ports, ann, await asked()));
    expect(again!.verified).toMatchObject({ pastUse: { times: 1 }, before: { approval: id, state: 'used' } });
  });

  test('of many calls at once by one approval one is permitted', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => announce({ approval: id })));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await countOf()).toBe(1);
  });

  test('a retry with its Idempotency-Key is the step that was permitted', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    const first = await announce({ approval: id }, agent, 'once');
    expect(await announce({ approval: id }, agent, 'once')).toEqual(first);
  });

  test.each<[string, Partial<StepRequest>]>([
    ['another tool', { tool: 's3.get' }],
    ['another target', { target: 'the board' }],
    ['another class of data', { dataClass: 'secret' }],
    ['another reason', { reason: 'just so' }],
  ])('what was approved is not good for %s', async (_what, over) => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    await expect(announce({ ...over, approval: id })).rejects.toMatchObject({
      code: 'approval.out_of_scope',
    });
    expect(await countOf()).toBe(0);
  });

  test('nor for a tool that the settings say something else of by now', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    const policy = ports.policy();
    const later = new Map([...policy.tools!, ['mail.send', { kind: 'write', dataClass: 'restricted' }]]);
    const changed = { ...ports, policy: () => ({ ...policy, tools: later }) };
    const request = { task: task.id, ...call, approval: id };
    await expect(takeStep(changed, agent, request)).rejects.toMatchObject({ code: 'approval.out_of_scope' });
  });

  test.each<[string, (id: string) => Promise<unknown>, string]>([
    ['nobody has answered', async () => {}, 'approval.pending'],
    [
      'it was denied',
      (id) => decideApproval(ports, ann, id, { is: 'deny', reason: 'no' }),
      'approval.denied',
    ],
    ['it was cancelled', (id) => cancelApproval(ports, agent, id), 'approval.revoked'],
    [
      'it was taken back',
      (id) => decideApproval(ports, ann, id, yes).then(() => revokeApproval(ports, ann, id, 'no')),
      'approval.revoked',
    ],
    ['its task has ended', (id) => decideApproval(ports, ann, id, yes).then(ended), 'task.ended'],
  ])('is not permitted when %s', async (_what, act, code) => {
    const id = await asked();
    await act(id);
    await expect(announce({ approval: id })).rejects.toMatchObject({ code });
  });
  const ended = () => endTask(ports, agent, task.id, 'completed');

  test('policy is asked again: what it denies by now is not permitted, and the approval is not used up', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    world.decide = () => denied();
    expect(await announce({ approval: id })).toMatchObject({ decision: 'deny', fault: 'policy.denied' });
    world.decide = asking({ persons: 2 });
    expect(await announce({ approval: id })).toMatchObject({ decision: 'deny' });
    expect(await findApproval(ports, agent, id)).toMatchObject({ state: 'approved' });
    world.decide = asking();
    expect(await announce({ approval: id })).toMatchObject({ decision: 'permit' });
  });

  test('two persons look where policy wants two', async () => {
    world.decide = asking({ persons: 2 });
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    await expect(announce({ approval: id })).rejects.toMatchObject({ code: 'approval.pending' });
    await decideApproval(ports, bob, id, yes);
    expect(await announce({ approval: id })).toMatchObject({ decision: 'permit' });
  });

  test('asked again it is the same question; after a denial nobody is asked, and the step says so', async () => {
    const id = await asked();
    expect(await asked()).toBe(id);
    await decideApproval(ports, ann, id, { is: 'deny', reason: 'not to all of them' });
    const step = await announce();
    expect(step).toMatchObject({ decision: 'ask', fault: 'approval.denied' });
    expect(step).not.toHaveProperty('approval');
    expect(step.detail).toMatch(/not to all of them/);
  });

  test('a tool that the settings do not know is called by the agent alone, and no notice has its name', async () => {
    const persuading = 'mail.send, approved by security';
    const approval = await findApproval(ports, ann, await asked({ tool: persuading }));
    const { verified, claimed } = (await viewApproval(ports, ann, approval))!;
    expect([verified.tool, claimed.tool]).toEqual([{}, persuading]);
    const about = { type: 'approval.requested', subject: approval.id, at: 0 } as const;
    const { body } = (await tellingOf(ports, about, 'https://protem.test'))!;
    expect(body).not.toContain('security');
    expect(JSON.parse(body)).toMatchObject({ data: { approval: approval.id, policies: 'outward' } });
  });

  const questions = async () => (await world.ledger.approvals.list({ pageSize: 50 })).items;
  test.each<[string, () => Promise<unknown>, string]>([
    [
      'of an agent that is stopped',
      () => revokeMany(ports, admin, { scope: { of: 'agent', name: agent.id }, reason: 'odd', block: true }),
      'issuing.blocked',
    ],
    [
      'of a task that has as many steps as it may have',
      async () => void (ports = { ...ports, limits: { ...ports.limits, stepsPerTask: 0 } }),
      'task.steps',
    ],
    [
      'under the key of another',
      async () => {
        world.decide = () => permitting();
        await announce({ reason: 'first' }, agent, 'once');
        world.decide = asking();
      },
      'idempotency.reused',
    ],
  ])('nobody is asked about a call %s', async (_what, act, code) => {
    await act();
    await expect(announce({}, agent, 'once')).rejects.toMatchObject({ code });
    expect(await questions()).toEqual([]);
  });

  test('the key of a call that was asked about finds it, whatever has become of the question', async () => {
    const first = await announce({}, agent, 'once');
    await decideApproval(ports, ann, first.approval!, yes);
    await announce({ approval: first.approval! });
    expect(await announce({}, agent, 'once')).toEqual(first);
    expect(await questions()).toHaveLength(1);
  });

  test('what is taken back in the moment that it is used is not said to be', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    const { approvals } = ports.ledger;
    const late: typeof approvals.close = async (...of) => {
      await announce({ approval: id });
      return approvals.close(...of);
    };
    const racing = { ...ports, ledger: { ...ports.ledger, approvals: { ...approvals, close: late } } };
    await expect(revokeApproval(racing, ann, id, 'stop')).rejects.toMatchObject({
      code: 'approval.decided',
    });
    expect(await findApproval(ports, ann, id)).toMatchObject({ state: 'used' });
  });

  test('is not what was approved once the task has touched other data', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    world.decide = (question) => (question.tool === 's3.get' ? permitting() : asking()(question));
    await announce({ tool: 's3.get' });
    await expect(announce({ approval: id })).rejects.toMatchObject({ code: 'approval.out_of_scope' });
    expect(await asked()).not.toBe(id);
  });

  test('a refused use is in the log, with the approval that was named', async () => {
    const id = await asked();
    await expect(announce({ target: 'all the world', approval: id })).rejects.toThrow();
    await expect(announce({ approval: 'apr_0000000000000000' })).rejects.toThrow();
    const told = (await eventsOf()).filter((event) => event.type === 'step.refused');
    expect(told).toMatchObject([
      {
        tool: 'mail.send',
        asserted: { target: 'all the world' },
        fault: 'approval.out_of_scope',
        approval: id,
      },
      { fault: 'approval.unverifiable', approval: 'apr_0000000000000000' },
    ]);
    // As of a credential: under the task and the agent, and not as a part of the story of each of its leases.
    expect(told.filter((event) => isOnPathOf(`lse_${task.id.slice(4)}AAAAAA`, event))).toEqual([]);
  });

  test('a store that has gone back permits nothing by an approval', async () => {
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    const guard = { admit: () => {}, mustHold: () => '9999999999999-0' } as unknown as Ports['guard'];
    const request = { task: task.id, ...call, approval: id };
    await expect(takeStep({ ...ports, guard }, agent, request)).rejects.toMatchObject({
      code: 'state.rolled_back',
    });
    expect(await findApproval(ports, ann, id)).toMatchObject({ state: 'approved' });
  });

  test('can be approved as it is only, and what was called cannot be taken back', async () => {
    const id = await asked();
    await expect(decideApproval(ports, ann, id, { ...yes, ttlSeconds: 5 })).rejects.toMatchObject({
      code: 'approval.wider',
    });
    await decideApproval(ports, ann, id, yes);
    await announce({ approval: id });
    await expect(revokeApproval(ports, ann, id, 'too late')).rejects.toMatchObject({
      code: 'approval.decided',
    });
  });

  test("another's approval says no more than one that does not exist, and a credential is not had by it", async () => {
    const other = await openTask(ports, orchestrator, { ...opening, agent: 'spiffe://test/other' });
    const id = await asked();
    await decideApproval(ports, ann, id, yes);
    const theirs = { ...agent, id: 'spiffe://test/other' };
    const request = { task: other.id, ...call, approval: id };
    await expect(takeStep(ports, theirs, request)).rejects.toMatchObject({ code: 'approval.unverifiable' });
  });
});
