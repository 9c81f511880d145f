import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { takeStep } from '../../src/broker/steps.js';
import { isWithin } from '../../src/policy/narrow.js';
import type { TaskScope } from '../../src/task/scope.js';
import type { Task } from '../../src/task/task.js';
import { a, b, c, d, delegating, everything, refusedAs, reports } from './delegating.js';
import type { Delegating } from './delegating.js';

let tree: Delegating;
beforeEach(async () => {
  tree = await delegating();
});

describe('delegation', () => {
  test.each<[string, TaskScope, object, string]>([
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
    const narrow: TaskScope = {
      allowed: [{ credential: 'reports', limits: { prefix: 'reports/2026', columns: ['x', 'y'] } }],
      tools: ['s3'],
      environments: ['production'],
      maximumTtlSeconds: 600,
    };
    const parent = await tree.below(await tree.rooted(), a, b, narrow);
    await expect(tree.below(parent, b, c, scope, over)).rejects.toEqual(refusedAs(code));
  });

  test('DEL-03 a credential of a sub-task is within its scope, and as short', async () => {
    const child = await tree.below(await tree.rooted({ tools: ['s3', 'sql'] }), a, b, {
      allowed: [{ credential: 'reports', limits: { prefix: 'reports/2026', columns: ['x'] } }],
      tools: ['s3'],
      environments: ['production'],
      maximumTtlSeconds: 120,
    });
    const inside = { tool: 's3', parameters: { prefix: 'reports/2026/q1', columns: ['x'] } };
    const { lease } = await tree.asking(child, b, { ...inside, ttlSeconds: 900 });
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
      await expect(tree.asking(child, b, over)).rejects.toEqual(refusedAs('delegation.wider'));
    await expect(takeStep(tree.ports, b, { task: child.id, tool: 'sql' })).rejects.toEqual(
      refusedAs('delegation.wider'),
    );
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
      let parent = await tree.rooted();
      const agents = [a, b, c, d];
      for (const [depth, asked] of chain.entries()) {
        const { credential, prefix, columns } = asked.allowed;
        const limits =
          credential === 'payments' ? {} : { ...(prefix && { prefix }), ...(columns && { columns }) };
        const scope: TaskScope = {
          allowed: [{ credential, limits }],
          ...(asked.tools && { tools: asked.tools }),
          ...(asked.environments && { environments: asked.environments }),
          ...(asked.ttl && { maximumTtlSeconds: asked.ttl }),
        };
        const deadlineAt = Date.now() + asked.lastsMs;
        const child = await tree
          .below(parent, agents[depth]!, agents[depth + 1]!, scope, { deadlineAt })
          .catch((fault: unknown) => {
            expect(fault).toEqual(refusedAs('delegation.wider'));
            return undefined;
          });
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
