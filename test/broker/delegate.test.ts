import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { delegate } from '../../src/broker/delegate.js';
import { grant } from '../../src/broker/grant.js';
import { findLease, listLeases } from '../../src/broker/leases.js';
import type { Ports } from '../../src/broker/ports.js';
import { takeStep } from '../../src/broker/steps.js';
import { endTask, findTask, openTask } from '../../src/broker/tasks.js';
import type { Principal } from '../../src/identity/principal.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision, Question } from '../../src/policy/decision.js';
import { isWithin } from '../../src/policy/narrow.js';
import { actOf } from '../../src/task/scope.js';
import type { Scope } from '../../src/task/scope.js';
import type { Task } from '../../src/task/task.js';
import { admin, agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const named = (name: string): Principal => ({ ...agent, id: `spiffe://example.org/agent/${name}` });
const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(named) as [
  Principal,
  Principal,
  Principal,
  Principal,
  Principal,
];
const reports = entry('pretend', {
  name: 'reports',
  environment: 'production',
  parameters: {
    prefix: { type: 'path', within: 'reports/', default: 'reports/' },
    columns: { type: 'set', values: ['x', 'y', 'z'], default: ['x', 'y', 'z'] },
    month: { type: 'enum', values: ['jan', 'feb'], default: 'jan' },
  },
});
const payments = entry('pretend', { name: 'payments' });
const denied: Decision = { is: 'deny', because: [], errors: [] };

let ledger: Ledger;
let ports: Ports;
let decide: (question: Question) => Decision;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  decide = () => permitting();
  const policy = () => policyOf([reports, payments], (one?: Question) => decide(one!));
  ({ ports } = brokerPorts(ledger, [pretendProvider()], { policy }));
});

const inAnHour = () => Date.now() + 3_600_000;
const rooted = (over: object = {}) =>
  openTask(ports, a, { intent: 'root', deadlineAt: inAnHour(), labels: { team: 'x' }, ...over });
const everything: Scope = { allowed: [{ credential: 'reports', limits: {} }] };
const below = (parent: Task, by: Principal, to: Principal, scope: Scope = everything, over: object = {}) =>
  delegate(ports, by, {
    parent: parent.id,
    agent: to.id,
    intent: `for ${to.id}`,
    deadlineAt: parent.deadlineAt,
    scope,
    ...over,
  });
const asking = (task: Task, by: Principal, over: object = {}) =>
  grant(ports, by, { task: task.id, credential: 'reports', parameters: {}, ...over });
const refusedAs = (code: string) => expect.objectContaining({ code });
const eventsOf = async (subject: string) =>
  (await ledger.log.read({ subject, pageSize: 200 })).items.map(({ event }) => event);

describe('delegation', () => {
  test('DEL-01 the chain is recorded end to end: in the sub-task, its events and its leases', async () => {
    const first = await below(await rooted(), a, b);
    const second = await below(first, b, c);
    const { lease } = await asking(second, c);
    expect(second).toMatchObject({ parent: first.id, agent: c.id, labels: { team: 'x' }, openedBy: a.id });
    expect(lease.actors).toEqual([b.id, a.id]);
    expect((await ledger.leases.find(lease.id))!.actors).toEqual([b.id, a.id]);
    const act = { sub: c.id, act: { sub: b.id, act: { sub: a.id } } };
    const events = await eventsOf(second.id);
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
      ports,
      { ...a, id: 'orchestrator:x', kind: 'orchestrator' },
      {
        intent: 'root',
        deadlineAt: inAnHour(),
        labels: {},
        onBehalfOf: user,
        agent: adminAgent.id,
      },
    );
    const child = await below(root, adminAgent, b);
    const event = (await eventsOf(child.id)).find(({ type }) => type === 'task.delegated');
    // Subject and scope are those of the root, and whoever acted before is one level further in.
    expect(child).toMatchObject({ onBehalfOf: user, scope: everything });
    expect(event).toMatchObject({ act: { sub: b.id, act: { sub: adminAgent.id } } });
    expect(actOf(adminAgent.id, [])).toEqual({ sub: 'admin@example.net' });
  });

  test('DEL-02 without a policy that permits it nothing is delegated, and nobody but the agent delegates', async () => {
    const root = await rooted();
    decide = ({ delegate: to }) => (to === undefined ? permitting() : denied);
    await expect(below(root, a, b)).rejects.toEqual(refusedAs('policy.denied'));
    decide = () => permitting();
    await expect(below(root, admin, b)).rejects.toEqual(refusedAs('role.missing'));
    await expect(below(root, c, b)).rejects.toEqual(refusedAs('task.unknown'));
  });

  test('an agent has no authority by inheritance: only the one that is named uses the sub-task', async () => {
    const child = await below(await rooted(), a, b);
    await expect(asking(child, a)).rejects.toEqual(refusedAs('role.missing'));
    await expect(takeStep(ports, a, { task: child.id, tool: 't' })).rejects.toEqual(
      refusedAs('role.missing'),
    );
    await expect(asking(child, c)).rejects.toEqual(refusedAs('task.unknown'));
    await expect(asking((await findTask(ports, a, child.parent!))!, b)).rejects.toEqual(
      refusedAs('task.unknown'),
    );
  });

  test.each<[string, Scope, object, string]>([
    [
      'an entry that the parent lacks',
      { allowed: [{ credential: 'payments', limits: {} }] },
      {},
      'delegation.wider',
    ],
    [
      'a wider path',
      { allowed: [{ credential: 'reports', limits: { prefix: 'reports/' } }] },
      {},
      'delegation.wider',
    ],
    [
      'a path beside it',
      { allowed: [{ credential: 'reports', limits: { prefix: 'reports/2026b' } }] },
      {},
      'delegation.wider',
    ],
    [
      'a larger set',
      { allowed: [{ credential: 'reports', limits: { columns: ['x', 'z'] } }] },
      {},
      'delegation.wider',
    ],
    ['another tool', { ...everything, tools: ['sql'] }, {}, 'delegation.wider'],
    ['another environment', { ...everything, environments: ['test'] }, {}, 'delegation.wider'],
    ['longer credentials', { ...everything, maximumTtlSeconds: 601 }, {}, 'delegation.wider'],
    ['a later end', everything, { deadlineAt: Date.now() + 7_200_000 }, 'delegation.wider'],
    ['no such entry', { allowed: [{ credential: 'nothing', limits: {} }] }, {}, 'credential.unknown'],
    [
      'no such parameter',
      { allowed: [{ credential: 'reports', limits: { __proto__x: 'y' } }] },
      {},
      'credential.parameters',
    ],
  ])('DEL-03 a child that asks for more is refused: %s', async (_what, scope, over, code) => {
    const narrow: Scope = {
      allowed: [{ credential: 'reports', limits: { prefix: 'reports/2026', columns: ['x', 'y'] } }],
      tools: ['s3'],
      environments: ['production'],
      maximumTtlSeconds: 600,
    };
    const parent = await below(await rooted(), a, b, narrow);
    await expect(below(parent, b, c, scope, over)).rejects.toEqual(refusedAs(code));
  });

  test('DEL-03 a credential of a sub-task is within its scope, and as short', async () => {
    const child = await below(await rooted({ tools: ['s3', 'sql'] }), a, b, {
      allowed: [{ credential: 'reports', limits: { prefix: 'reports/2026', columns: ['x'] } }],
      tools: ['s3'],
      environments: ['production'],
      maximumTtlSeconds: 120,
    });
    const inside = { tool: 's3', parameters: { prefix: 'reports/2026/q1', columns: ['x'] } };
    const { lease } = await asking(child, b, { ...inside, ttlSeconds: 900 });
    expect(lease.expiresAt - lease.reservedAt).toBe(120_000);
    expect(lease.ceilingAt - lease.reservedAt).toBe(120_000);
    const outside = [
      { ...inside, parameters: {} },
      { ...inside, parameters: { prefix: 'reports/2026-other', columns: ['x'] } },
      { ...inside, parameters: { ...inside.parameters, columns: ['x', 'y'] } },
      { ...inside, tool: 'sql' },
      { ...inside, credential: 'payments', parameters: {} },
    ];
    for (const over of outside)
      await expect(asking(child, b, over)).rejects.toEqual(refusedAs('delegation.wider'));
    await expect(takeStep(ports, b, { task: child.id, tool: 'sql' })).rejects.toEqual(
      refusedAs('delegation.wider'),
    );
  });

  test('DEL-04 a cycle is refused: A to B to A, and A to itself', async () => {
    const root = await rooted();
    const child = await below(root, a, b);
    await expect(below(child, b, a)).rejects.toEqual(refusedAs('delegation.cycle'));
    await expect(below(root, a, a)).rejects.toEqual(refusedAs('delegation.cycle'));
  });

  test('DEL-04 the fourth hop of three, and one sub-task more than there may be, are refused', async () => {
    const root = await rooted();
    const third = await below(await below(await below(root, a, b), b, c), c, d);
    await expect(below(third, d, e)).rejects.toEqual(refusedAs('delegation.depth'));
    ports = { ...ports, limits: { ...ports.limits, delegation: { depth: 3, fanOut: 2, tree: 4 } } };
    await below(root, a, c);
    await expect(below(root, a, d)).rejects.toEqual(refusedAs('delegation.fan_out'));
    const child = (await findTask(ports, a, root.id)).subtasks![0]!;
    await expect(below(await findTask(ports, b, child), b, d)).rejects.toEqual(
      refusedAs('delegation.fan_out'),
    );
  });

  test('DEL-05 REV-05 the end of a task fences all below it and revokes their leases, the furthest first', async () => {
    const root = await rooted();
    const child = await below(root, a, b);
    const grandchild = await below(child, b, c);
    const leases = [
      (await asking(root, a)).lease,
      (await asking(child, b)).lease,
      (await asking(grandchild, c)).lease,
    ];
    const ended = await ledger.tasks.end(root.id, { outcome: 'completed', by: a.id, via: 'call' });
    expect(ended!.subtasks.toSorted()).toEqual([child.id, grandchild.id].toSorted());
    for (const { id } of leases)
      expect(await ledger.leases.find(id)).toMatchObject({ state: 'revoking', cause: 'task_end' });
    const claimed = await ledger.leases.claimDue('pretend', 10);
    expect(claimed.leaseIds).toEqual([leases[2]!.id, leases[1]!.id, leases[0]!.id]);
    await expect(asking(grandchild, c)).rejects.toEqual(refusedAs('task.ended'));
    await expect(below(child, b, d)).rejects.toEqual(refusedAs('task.ended'));
    expect(await findTask(ports, c, grandchild.id)).toMatchObject({ state: 'ended', outcome: 'cancelled' });
  });

  test('the end of a sub-task leaves its parent as it is', async () => {
    const root = await rooted();
    const child = await below(root, a, b);
    await endTask(ports, b, child.id, 'completed');
    expect(await findTask(ports, a, root.id)).toMatchObject({ state: 'open', subtasks: [child.id] });
    await asking(root, a);
  });

  test('DEL-06 an inner actor that may do more adds nothing; one that may do less takes away', async () => {
    const child = await below(await rooted(), a, b);
    decide = ({ principal }) => (principal.id === a.id ? permitting() : denied);
    await expect(asking(child, b)).rejects.toEqual(refusedAs('policy.denied'));
    decide = ({ principal }) => (principal.id === b.id ? permitting() : denied);
    await expect(asking(child, b)).rejects.toEqual(refusedAs('policy.denied'));
    decide = ({ principal }) => permitting(principal.id === a.id ? 60 : 600);
    const { lease } = await asking(child, b);
    expect(lease.expiresAt - lease.reservedAt).toBe(60_000);
  });

  test('who delegated sees the sub-task and its leases; the agent below does not see above', async () => {
    const root = await rooted();
    const child = await below(root, a, b);
    const { lease } = await asking(child, b);
    expect((await findTask(ports, a, root.id)).subtasks).toEqual([child.id]);
    expect(await findLease(ports, a, lease.id)).toMatchObject({ id: lease.id });
    expect((await listLeases(ports, a, { task: child.id, pageSize: 9 })).items).toHaveLength(1);
    await expect(findTask(ports, b, root.id)).rejects.toEqual(refusedAs('task.unknown'));
  });

  test('I4 whatever comes at once with the end of the root, nothing below it stays open or live', async () => {
    for (let round = 0; round < 10; round++) {
      const root = await rooted();
      const child = await below(root, a, b);
      const tried = await Promise.allSettled([
        asking(child, b),
        below(child, b, c),
        endTask(ports, a, root.id, 'completed'),
        asking(child, b),
        below(root, a, d),
      ]);
      for (const one of tried) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(Fault);
      for (const id of [root.id, ...(await ledger.tasks.below(root.id))]) {
        expect((await ledger.tasks.find(id))!.state).toBe('ended');
        for (const lease of (await ledger.leases.list({ task: id, pageSize: 9 })).items)
          expect(['reserved', 'active']).not.toContain(lease.state);
      }
    }
  });

  test('a retried delegation is the sub-task that it made', async () => {
    const root = await rooted();
    const request = {
      parent: root.id,
      agent: b.id,
      intent: 'i',
      deadlineAt: root.deadlineAt,
      scope: everything,
    };
    const first = await delegate(ports, a, request, 'k');
    expect((await delegate(ports, a, request, 'k')).id).toBe(first.id);
    expect((await findTask(ports, a, root.id)).subtasks).toEqual([first.id]);
  });
});

const subsetOf = (values: string[]) => fc.subarray(values, { minLength: 1 });
const scopes = fc.record(
  {
    allowed: fc.record({
      credential: fc.constantFrom('reports', 'payments'),
      prefix: fc.constantFrom(undefined, 'reports/2026', 'reports/2026/q1', 'reports/2025/'),
      columns: fc.option(subsetOf(['x', 'y', 'z']), { nil: undefined }),
    }),
    tools: fc.option(subsetOf(['s3', 'sql', 'mail']), { nil: undefined }),
    environments: fc.option(subsetOf(['production', 'test']), { nil: undefined }),
    ttl: fc.option(fc.integer({ min: 1, max: 3600 }), { nil: undefined }),
    lastsMs: fc.integer({ min: 60_000, max: 3_600_000 }),
  },
  { requiredKeys: ['allowed', 'tools', 'environments', 'ttl', 'lastsMs'] },
);

test('DEL-03 I5 in random chains every child is within its parent, in every dimension', async () => {
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(scopes, { minLength: 2, maxLength: 3 }), async (chain) => {
      let parent = await rooted();
      const agents = [a, b, c, d];
      for (const [depth, asked] of chain.entries()) {
        const { credential, prefix, columns } = asked.allowed;
        const limits =
          credential === 'payments' ? {} : { ...(prefix && { prefix }), ...(columns && { columns }) };
        const scope: Scope = {
          allowed: [{ credential, limits }],
          ...(asked.tools && { tools: asked.tools }),
          ...(asked.environments && { environments: asked.environments }),
          ...(asked.ttl && { maximumTtlSeconds: asked.ttl }),
        };
        const deadlineAt = Date.now() + asked.lastsMs;
        const child = await below(parent, agents[depth]!, agents[depth + 1]!, scope, { deadlineAt }).catch(
          (fault: unknown) => {
            expect(fault).toEqual(refusedAs('delegation.wider'));
            return undefined;
          },
        );
        if (!child) return;
        expectWithin(child, parent);
        made++;
        parent = child;
      }
    }),
    { numRuns: 60 },
  );
  expect(made).toBeGreaterThan(10);
});

function expectWithin(child: Task, parent: Task): void {
  expect(child.deadlineAt).toBeLessThanOrEqual(parent.deadlineAt);
  expect(child.actors).toHaveLength((parent.actors?.length ?? 0) + 1);
  const above = parent.scope;
  const own = child.scope!;
  if (parent.tools) expect(parent.tools).toEqual(expect.arrayContaining([...own.tools!]));
  if (!above) return;
  if (above.environments) expect(above.environments).toEqual(expect.arrayContaining([...own.environments!]));
  if (above.maximumTtlSeconds) expect(own.maximumTtlSeconds).toBeLessThanOrEqual(above.maximumTtlSeconds);
  for (const { credential, limits } of own.allowed) {
    const wide = above.allowed.find((one) => one.credential === credential)!;
    expect(wide).toBeDefined();
    for (const [name, limit] of Object.entries(wide.limits))
      expect(isWithin(limits[name]!, limit, reports.parameters[name]!.type)).toBe(true);
  }
}
