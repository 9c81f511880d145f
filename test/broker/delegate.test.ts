import { beforeEach, describe, expect, test } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { findLease, listLeases } from '../../src/broker/leases.js';
import { takeStep } from '../../src/broker/steps.js';
import { endTask, findTask, openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Decision } from '../../src/policy/decision.js';
import { actOf } from '../../src/task/scope.js';
import { admin, permitting } from '../fake/broker-ports.js';
import { a, b, c, d, delegating, e, everything, inAnHour, refusedAs } from './delegating.js';
import type { Delegating } from './delegating.js';

const denied: Decision = { is: 'deny', because: [], errors: [] };

let tree: Delegating;
beforeEach(async () => {
  tree = await delegating();
});

describe('delegation', () => {
  test('DEL-01 the chain is recorded end to end: in the sub-task, its events and its leases', async () => {
    const first = await tree.below(await tree.rooted(), a, b);
    const second = await tree.below(first, b, c);
    const { lease } = await tree.asking(second, c);
    expect(second).toMatchObject({ parent: first.id, agent: c.id, labels: { team: 'x' }, openedBy: a.id });
    expect(lease.actors).toEqual([b.id, a.id]);
    expect((await tree.ledger.leases.find(lease.id))!.actors).toEqual([b.id, a.id]);
    const act = { sub: c.id, act: { sub: b.id, act: { sub: a.id } } };
    const events = await tree.eventsOf(second.id);
    expect(events.find(({ type }) => type === 'task.delegated')).toMatchObject({
      by: b.id,
      act,
      parent: first.id,
    });
    expect(events.find(({ type }) => type === 'lease.reserved')).toMatchObject({ actors: [b.id, a.id], act });
  });

  test('DEL-01 nested act claims have the shape of RFC 8693 section 4.1', () => {
    const actors = [{ id: 'https://service26.example.com', issuer: 'i', claims: {} }];
    expect(actOf('https://service16.example.com', actors)).toEqual({
      sub: 'https://service16.example.com',
      act: { sub: 'https://service26.example.com' },
    });
  });

  test('DEL-01 the claims of RFC 8693 appendix A.2: the user stays who it is for, the admin is who acts', async () => {
    const user = 'user@example.net';
    const adminAgent = { ...a, id: 'admin@example.net' };
    const root = await openTask(
      tree.ports,
      { ...a, id: 'orchestrator:x', kind: 'orchestrator' },
      {
        intent: 'root',
        deadlineAt: inAnHour(),
        labels: {},
        onBehalfOf: user,
        agent: adminAgent.id,
      },
    );
    const child = await tree.below(root, adminAgent, b);
    const event = (await tree.eventsOf(child.id)).find(({ type }) => type === 'task.delegated');
    // Subject and scope are those of the root, and whoever acted before is one level further in.
    expect(child).toMatchObject({ onBehalfOf: user, scope: everything });
    expect(event).toMatchObject({ act: { sub: b.id, act: { sub: adminAgent.id } } });
    expect(actOf(adminAgent.id, [])).toEqual({ sub: 'admin@example.net' });
  });

  test('DEL-02 without a policy that permits it nothing is delegated, and nobody but the agent delegates', async () => {
    const root = await tree.rooted();
    tree.decide = ({ delegate: to }) => (to === undefined ? permitting() : denied);
    await expect(tree.below(root, a, b)).rejects.toEqual(refusedAs('policy.denied'));
    tree.decide = () => permitting();
    await expect(tree.below(root, admin, b)).rejects.toEqual(refusedAs('role.missing'));
    await expect(tree.below(root, c, b)).rejects.toEqual(refusedAs('task.unknown'));
  });

  test('an agent has no authority by inheritance: only the one that is named uses the sub-task', async () => {
    const child = await tree.below(await tree.rooted(), a, b);
    await expect(tree.asking(child, a)).rejects.toEqual(refusedAs('role.missing'));
    await expect(takeStep(tree.ports, a, { task: child.id, tool: 't' })).rejects.toEqual(
      refusedAs('role.missing'),
    );
    await expect(tree.asking(child, c)).rejects.toEqual(refusedAs('task.unknown'));
    await expect(tree.asking((await findTask(tree.ports, a, child.parent!))!, b)).rejects.toEqual(
      refusedAs('task.unknown'),
    );
  });

  test('DEL-04 a cycle is refused: A to B to A, and A to itself', async () => {
    const root = await tree.rooted();
    const child = await tree.below(root, a, b);
    await expect(tree.below(child, b, a)).rejects.toEqual(refusedAs('delegation.cycle'));
    await expect(tree.below(root, a, a)).rejects.toEqual(refusedAs('delegation.cycle'));
  });

  test('DEL-04 the fourth hop of three, and one sub-task more than there may be, are refused', async () => {
    const root = await tree.rooted();
    const third = await tree.below(await tree.below(await tree.below(root, a, b), b, c), c, d);
    await expect(tree.below(third, d, e)).rejects.toEqual(refusedAs('delegation.depth'));
    tree.ports = {
      ...tree.ports,
      limits: { ...tree.ports.limits, delegation: { depth: 3, fanOut: 2, tree: 4 } },
    };
    await tree.below(root, a, c);
    await expect(tree.below(root, a, d)).rejects.toEqual(refusedAs('delegation.fan_out'));
    const child = (await findTask(tree.ports, a, root.id)).subtasks![0]!;
    await expect(tree.below(await findTask(tree.ports, b, child), b, d)).rejects.toEqual(
      refusedAs('delegation.fan_out'),
    );
  });

  test('DEL-05 REV-05 the end of a task fences all below it and revokes their leases, the furthest first', async () => {
    const root = await tree.rooted();
    const child = await tree.below(root, a, b);
    const grandchild = await tree.below(child, b, c);
    const leases = [
      (await tree.asking(root, a)).lease,
      (await tree.asking(child, b)).lease,
      (await tree.asking(grandchild, c)).lease,
    ];
    const ended = await tree.ledger.tasks.end(root.id, { outcome: 'completed', by: a.id, via: 'call' });
    expect(ended!.subtasks.toSorted()).toEqual([child.id, grandchild.id].toSorted());
    for (const { id } of leases)
      expect(await tree.ledger.leases.find(id)).toMatchObject({ state: 'revoking', cause: 'task_end' });
    const claimed = await tree.ledger.leases.claimDue('pretend', 10);
    expect(claimed.leaseIds).toEqual([leases[2]!.id, leases[1]!.id, leases[0]!.id]);
    await expect(tree.asking(grandchild, c)).rejects.toEqual(refusedAs('task.ended'));
    await expect(tree.below(child, b, d)).rejects.toEqual(refusedAs('task.ended'));
    expect(await findTask(tree.ports, c, grandchild.id)).toMatchObject({
      state: 'ended',
      outcome: 'cancelled',
    });
  });

  test('the end of a sub-task leaves its parent as it is', async () => {
    const root = await tree.rooted();
    const child = await tree.below(root, a, b);
    await endTask(tree.ports, b, child.id, 'completed');
    expect(await findTask(tree.ports, a, root.id)).toMatchObject({ state: 'open', subtasks: [child.id] });
    await tree.asking(root, a);
  });

  test('DEL-06 an inner actor that may do more adds nothing; one that may do less takes away', async () => {
    const child = await tree.below(await tree.rooted(), a, b);
    tree.decide = ({ principal }) => (principal.id === a.id ? permitting() : denied);
    await expect(tree.asking(child, b)).rejects.toEqual(refusedAs('policy.denied'));
    tree.decide = ({ principal }) => (principal.id === b.id ? permitting() : denied);
    await expect(tree.asking(child, b)).rejects.toEqual(refusedAs('policy.denied'));
    tree.decide = ({ principal }) => permitting(principal.id === a.id ? 60 : 600);
    const { lease } = await tree.asking(child, b);
    expect(lease.expiresAt - lease.reservedAt).toBe(60_000);
  });

  test('who delegated sees the sub-task and its leases; the agent below does not see above', async () => {
    const root = await tree.rooted();
    const child = await tree.below(root, a, b);
    const { lease } = await tree.asking(child, b);
    expect((await findTask(tree.ports, a, root.id)).subtasks).toEqual([child.id]);
    expect(await findLease(tree.ports, a, lease.id)).toMatchObject({ id: lease.id });
    expect((await listLeases(tree.ports, a, { task: child.id, pageSize: 9 })).items).toHaveLength(1);
    await expect(findTask(tree.ports, b, root.id)).rejects.toEqual(refusedAs('task.unknown'));
  });

  test('I4 whatever comes at once with the end of the root, nothing below it stays open or live', async () => {
    for (let round = 0; round < 10; round++) {
      const root = await tree.rooted();
      const child = await tree.below(root, a, b);
      const tried = await Promise.allSettled([
        tree.asking(child, b),
        tree.below(child, b, c),
        endTask(tree.ports, a, root.id, 'completed'),
        tree.asking(child, b),
        tree.below(root, a, d),
      ]);
      for (const one of tried) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(Fault);
      for (const id of [root.id, ...(await tree.ledger.tasks.below(root.id))]) {
        expect((await tree.ledger.tasks.find(id))!.state).toBe('ended');
        for (const lease of (await tree.ledger.leases.list({ task: id, pageSize: 9 })).items)
          expect(['reserved', 'active']).not.toContain(lease.state);
      }
    }
  });

  test('a retried delegation is the sub-task that it made', async () => {
    const root = await tree.rooted();
    const request = {
      parent: root.id,
      agent: b.id,
      intent: 'i',
      deadlineAt: root.deadlineAt,
      scope: everything,
    };
    const first = await delegate(tree.ports, a, request, 'k');
    expect((await delegate(tree.ports, a, request, 'k')).id).toBe(first.id);
    expect((await findTask(tree.ports, a, root.id)).subtasks).toEqual([first.id]);
  });
});
