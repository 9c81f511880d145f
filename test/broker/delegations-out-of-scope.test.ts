import { beforeEach, describe, expect, test } from '@jest/globals';
import { findApproval } from '../../src/broker/approvals.js';
import type { SubtaskRequest } from '../../src/broker/broker.js';
import { delegate } from '../../src/broker/delegate.js';
import { takeStep } from '../../src/broker/steps.js';
import { askingToDelegate } from './delegating-by-approval.js';
import type { AskingToDelegate } from './delegating-by-approval.js';
import { a, b, c, d, refusedAs, reports } from './delegating.js';

let world: AskingToDelegate;
beforeEach(async () => {
  world = await askingToDelegate();
});

describe('what was approved of a delegation', () => {
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
  ])('is not good for %s', async (_what, over) => {
    const id = await world.approved();
    await expect(world.use(id, over())).rejects.toEqual(refusedAs('approval.out_of_scope'));
    expect(await world.below()).toEqual([]);
    await expect(world.use(id)).resolves.toMatchObject({ agent: b.id });
  });

  test('nor for a part of another task', async () => {
    const id = await world.approved();
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
    const id = await world.approved();
    change();
    await expect(world.use(id)).rejects.toEqual(refusedAs('approval.out_of_scope'));
  });

  const touch = () => takeStep(world.ports, a, { task: world.parent.id, tool: 's3.get' });
  test('nor once the task has touched other data, be it in the same moment', async () => {
    const id = await world.approved();
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

  test("another's approval says no more than one that does not exist", async () => {
    const id = await world.approved();
    const part = await world.use(id);
    const request = { ...world.wanted, parent: part.id, agent: d.id, deadlineAt: part.deadlineAt };
    for (const approval of [id, 'apr_0000000000000000'])
      await expect(world.delegate({ ...request, approval }, b)).rejects.toEqual(
        refusedAs('approval.unverifiable'),
      );
  });

  test('an approval of a delegation is good for nothing else, nor one of a credential for it', async () => {
    const id = await world.approved();
    const credential = { credential: 'reports', parameters: {}, approval: id };
    await expect(world.tree.asking(world.parent, a, credential)).rejects.toEqual(
      refusedAs('approval.out_of_scope'),
    );
    const call = { task: world.parent.id, tool: 'draw', approval: id };
    await expect(takeStep(world.ports, a, call)).rejects.toEqual(refusedAs('approval.out_of_scope'));
    expect(await findApproval(world.ports, a, id)).toMatchObject({ state: 'approved' });
  });
});
