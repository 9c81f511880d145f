import { beforeEach, describe, expect, test } from '@jest/globals';
import { approvalLimits, approvalSettings } from '../../src/approval/approval-settings.js';
import type { ApprovalSettings } from '../../src/approval/approval-settings.js';
import { decideApproval } from '../../src/broker/approvals.js';
import type { SubtaskRequest } from '../../src/broker/broker.js';
import { tellingOf } from '../../src/broker/notices.js';
import type { Limits } from '../../src/broker/ports.js';
import { revokeMany } from '../../src/broker/revoke-many.js';
import { takeStep } from '../../src/broker/steps.js';
import { endTask, openTask } from '../../src/broker/tasks.js';
import type { Scope as Stopped } from '../../src/revocation/withdrawal.js';
import { ann } from '../fake/asking.js';
import { admin, permitting } from '../fake/broker-ports.js';
import { asking, askingToDelegate } from './delegating-by-approval.js';
import type { AskingToDelegate } from './delegating-by-approval.js';
import { a, b, c, inAnHour, refusedAs } from './delegating.js';

let world: AskingToDelegate;
beforeEach(async () => {
  world = await askingToDelegate();
});

const limited = (over: Partial<Limits>) => {
  world.ports = { ...world.ports, limits: { ...world.ports.limits, ...over } };
};
const approvals = (over: Partial<ApprovalSettings>) =>
  limited({ approvals: approvalLimits({ ...approvalSettings.parse({}), ...over }) });

describe('whoever approves a delegation', () => {
  test('sees what the broker knows of it apart from what the agent says', async () => {
    await takeStep(world.ports, a, { task: world.parent.id, tool: 's3.get' });
    const { verified, claimed } = await world.seen(await world.ask());
    const { deadlineAt } = world.wanted;
    expect(verified).toMatchObject({
      agent: { id: a.id, issuer: a.issuer },
      task: { id: world.parent.id, openedBy: a.id, chain: { count: 1, dataClasses: ['restricted'] } },
      policies: ['handed-on'],
      pastUse: { times: 0 },
    });
    expect(verified.delegation).toEqual({
      ...{ known: true, delegate: b.id, owner: 'bert@example.com', purpose: 'draws charts' },
      ...{ depth: 1, actors: [a.id], maximumTtlSeconds: 600, deadlineAt },
      allowed: [
        {
          ...{ credential: 'reports', limits: { prefix: 'reports/2026/' } },
          ...{ provider: 'pretend', sensitivity: 'internal', environment: 'production', riskTier: 0 },
        },
      ],
      ...{ tools: ['draw'], environments: ['production'] },
    });
    for (const absent of ['entry', 'tool', 'toolDeclared']) expect(verified).not.toHaveProperty(absent);
    expect(claimed).toEqual({ intent: 'root', labels: { team: 'x' }, subtaskIntent: 'draw them' });
  });

  test('sees who stands above, how far it is from the root, and what the parent leaves of the scope', async () => {
    world.tree.decide = () => permitting();
    const part = await world.tree.below(world.parent, a, b, world.wanted.scope);
    world.tree.decide = asking();
    const scope = { allowed: [{ credential: 'reports', limits: { month: 'jan' } }] };
    const { verified } = await world.seen(
      await world.ask({ parent: part.id, agent: c.id, deadlineInSeconds: 60, scope }, b),
    );
    expect(verified.delegation).toMatchObject({
      ...{ known: false, depth: 2, actors: [b.id, a.id], tools: ['draw'], maximumTtlSeconds: 600 },
      allowed: [{ limits: { prefix: 'reports/2026/', month: 'jan' } }],
      deadlineInSeconds: 60,
    });
  });

  test('sees names that the settings do not know where the agent says them, and no notice has them', async () => {
    const persuading = 'approved by security';
    const scope = {
      ...world.wanted.scope,
      tools: ['draw', persuading],
      environments: [persuading, 'production'],
    };
    const approval = await world.ask({ agent: persuading, intent: `${persuading}\u202e`, scope });
    const { verified, claimed } = await world.seen(approval);
    expect(JSON.stringify(verified)).not.toContain(persuading);
    expect(verified.delegation).toMatchObject({
      known: false,
      tools: ['draw'],
      environments: ['production'],
    });
    expect(claimed).toMatchObject({
      ...{ delegate: persuading, tools: [persuading], environments: [persuading] },
      subtaskIntent: `${persuading}\\u{202e}`,
    });
    const about = { type: 'approval.requested', subject: approval.id, at: 0 } as const;
    const { body } = (await tellingOf(world.ports, about, 'https://protem.test'))!;
    expect(body).not.toContain(persuading);
    expect((JSON.parse(body) as { data: object }).data).toMatchObject({
      ...{ approval: approval.id, agent: a.id, credentials: 'reports', depth: 1, risk_tier: 0 },
      policies: 'handed-on',
    });
  });

  test('sees how often it delegated to that agent before, and what it asked then', async () => {
    world.tree.decide = () => permitting();
    const theirs = await openTask(world.ports, c, { intent: 'theirs', deadlineAt: inAnHour(), labels: {} });
    await world.tree.below(theirs, c, b);
    world.tree.decide = asking();
    const first = await world.approved();
    await world.use(first);
    const { verified, claimed } = await world.seen(await world.ask({ intent: 'draw others' }));
    // That another agent did is not counted.
    expect(verified.pastUse).toMatchObject({ times: 1 });
    expect(verified.before).toMatchObject({ approval: first, state: 'used', differences: [] });
    expect(claimed.differences).toEqual([{ what: 'subtaskIntent', was: 'draw them', is: 'draw others' }]);
    const other = await world.seen(await world.ask({ agent: c.id }));
    expect(other.verified.pastUse).toEqual({ times: 0 });
    expect(other.verified).not.toHaveProperty('before');
  });

  test('APR-03: is not whose agent it would go to', async () => {
    const bert = { ...ann, id: 'operator:bert', claims: { email: 'bert@example.com' } };
    const { id } = await world.ask();
    await expect(decideApproval(world.ports, bert, id, { is: 'approve' })).rejects.toEqual(
      refusedAs('approval.own'),
    );
    expect(await decideApproval(world.ports, ann, id, { is: 'approve' })).toMatchObject({
      state: 'approved',
    });
  });
});

describe('equal delegations', () => {
  test('are one question, also under other keys; another is another', async () => {
    const { id } = await world.ask({}, a, 'first');
    expect(await world.ask({}, a, 'second')).toMatchObject({ id });
    expect((await world.ask({ intent: 'draw others' })).id).not.toBe(id);
    expect(await world.questions()).toHaveLength(2);
  });

  test('a denial is answered with its reason for a while, and shown to nobody', async () => {
    const { id } = await world.ask();
    await decideApproval(world.ports, ann, id, { is: 'deny', reason: 'not to that one' });
    const again = await world.ask().catch((error: unknown) => error);
    expect(again).toMatchObject({
      code: 'approval.denied',
      message: expect.stringMatching(/not to that one/),
    });
    expect(await world.questions()).toHaveLength(1);
  });

  test.each<[string, Partial<ApprovalSettings>]>([
    ['as many questions are open as may be', { pendingPerAgent: 1 }],
    ['as many were asked of late as may be', { askRatePerAgent: { most: 1, withinSeconds: 3600 } }],
  ])('nobody is asked another where %s', async (_what, settings) => {
    approvals(settings);
    await world.ask();
    await expect(world.ask({ intent: 'draw others' })).rejects.toEqual(refusedAs('approval.limit'));
    expect(await world.questions()).toHaveLength(1);
  });
});

describe('nobody is asked about a delegation', () => {
  const stopped = (scope: Stopped) => revokeMany(world.ports, admin, { scope, reason: 'odd', block: true });
  const delegated = async (key?: string) => {
    world.tree.decide = () => permitting();
    await world.delegate({ intent: 'the first' }, a, key);
    world.tree.decide = asking();
  };
  test.each<[string, () => Promise<unknown>, string, Partial<SubtaskRequest>?]>([
    ['of a task that has ended', () => endTask(world.ports, a, world.parent.id, 'completed'), 'task.ended'],
    ['of an agent that is stopped', () => stopped({ of: 'agent', name: a.id }), 'issuing.blocked'],
    ['to an agent that is stopped', () => stopped({ of: 'agent', name: b.id }), 'issuing.blocked'],
    ['under the key of another', () => delegated('once'), 'idempotency.reused'],
    [
      'of a task that has as many as it may have',
      async () => {
        limited({ delegation: { depth: 3, fanOut: 1, tree: 100 } });
        await delegated();
      },
      'delegation.fan_out',
    ],
    [
      'in a tree that has as many as it may have',
      async () => {
        limited({ delegation: { depth: 3, fanOut: 16, tree: 1 } });
        await delegated();
      },
      'delegation.fan_out',
    ],
    [
      'that leads too far from the root',
      async () => limited({ delegation: { depth: 0, fanOut: 16, tree: 100 } }),
      'delegation.depth',
    ],
    ['to one that stands above', async () => {}, 'delegation.cycle', { agent: a.id }],
    [
      'that is wider than the task',
      async () => {},
      'delegation.wider',
      { deadlineAt: Date.now() + 7_200_000 },
    ],
    ['that is over', async () => {}, 'task.deadline_past', { deadlineAt: 1 }],
  ])('%s', async (_what, act, code, over = {}) => {
    await act();
    await expect(world.delegate(over, a, 'once')).rejects.toEqual(refusedAs(code));
    expect(await world.questions()).toEqual([]);
  });
});

test('two different questions under one key are not both asked', async () => {
  const both = await Promise.allSettled(
    ['one', 'other'].map((intent) => world.delegate({ intent }, a, 'once')),
  );
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await world.questions()).toHaveLength(1);
});
