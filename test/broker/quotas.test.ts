import { expect, test } from '@jest/globals';
import { flood } from '../../src/broker/flood.js';
import { grant } from '../../src/broker/grant.js';
import { revoke } from '../../src/broker/revoke.js';
import { openTask } from '../../src/broker/tasks.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts, entry, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { a, b, c, d, delegating } from './delegating.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

test('OPS-05 a loop of 1000 asks is 429 after the limit, and the audit counts each of them in a few records', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const provider = pretendProvider();
  const refusals = flood((event) => ledger.log.record(event));
  const { ports } = brokerPorts(ledger, [provider], { flood: refusals });
  const limited = {
    ...ports,
    limits: { ...ports.limits, issueRatePerAgent: { most: 20, withinSeconds: 86_400 } },
  };
  const task = await openTask(limited, agent, {
    intent: 'x',
    deadlineAt: Date.now() + 3_600_000,
    labels: {},
  });
  const request = { task: task.id, credential: 'pretend-entry', parameters: {} };

  const ask = () =>
    grant(limited, agent, request).then(
      () => 'issued',
      (fault: unknown) => (fault as { code: string }).code,
    );
  const outcomes: string[] = [];
  for (let n = 0; n < 1000; n += 50) outcomes.push(...(await Promise.all(Array.from({ length: 50 }, ask))));
  expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(20);
  expect(outcomes.filter((outcome) => outcome === 'quota.issue_rate')).toHaveLength(980);
  expect(provider.live.size).toBe(20);

  await refusals.close();
  const { items } = await ledger.log.read({ subject: agent.id, pageSize: 500 });
  const told = items.map(({ event }) => event).filter(({ type }) => type === 'credential.limited');
  expect(told.reduce((sum, event) => sum + (event as { count: number }).count, 0)).toBe(980);
  expect(told[0]).toEqual({
    type: 'credential.limited',
    task: task.id,
    agent: agent.id,
    entry: 'pretend-entry',
    fault: 'quota.issue_rate',
    quota: 'This agent has as many credentials issued as it may have: 20 in 1d.',
    count: 1,
  });
  // One at once, and one for each second that the loop took.
  expect(told.length).toBeLessThan(980 / 4);
}, 60_000);

test('OPS-05 whoever is refused in a loop, each time with other words, fills no log: beyond some each is counted', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  // No second passes here.
  const refusals = flood((event) => ledger.log.record(event), 3_600_000);
  const { ports } = brokerPorts(ledger, [pretendProvider()], { flood: refusals });
  const deadlineAt = Date.now() + 3_600_000;
  const task = await openTask(ports, agent, { intent: 'x', deadlineAt, labels: {} });
  const refused = (credential: string, reason: string, of = task.id) =>
    expect(grant(ports, agent, { task: of, credential, parameters: {}, reason })).rejects.toThrow();
  for (let n = 0; n < 120; n += 1) await refused(`made-up-${n}`, `words ${n}`);
  for (let n = 0; n < 30; n += 1) await refused('pretend-entry', 'x', `tsk_${String(n).padStart(8, 'a')}`);
  await refusals.close();
  const { items } = await ledger.log.read({ subject: agent.id, pageSize: 500 });
  const told = items.map(({ event }) => event);
  expect(told.filter(({ type }) => type === 'credential.refused')).toHaveLength(50);
  const counted = told.filter(({ type }) => type === 'credential.limited') as { count: number }[];
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(100);
  // The first and the rest, for each task and fault.
  expect(counted.length).toBeLessThanOrEqual(4);
});

test('OPS-05 the rate of an entry and the leases of a task are held where the settings say so', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const { ports } = brokerPorts(ledger, [pretendProvider(), pretendProvider('slow')], {
    policy: () => policyOf([entry('pretend'), entry('slow', { issueRate: { most: 1, withinSeconds: 60 } })]),
  });
  const limited = { ...ports, limits: { ...ports.limits, liveLeasesPerTask: 2 } };
  const task = await openTask(limited, agent, {
    intent: 'x',
    deadlineAt: Date.now() + 3_600_000,
    labels: {},
  });
  const ask = (credential: string) => grant(limited, agent, { task: task.id, credential, parameters: {} });
  await ask('slow-entry');
  await expect(ask('slow-entry')).rejects.toMatchObject({ code: 'quota.issue_rate', retryAfterSeconds: 60 });
  await ask('pretend-entry');
  await expect(ask('pretend-entry')).rejects.toMatchObject({ code: 'task.full' });
});

test('OPS-05 a tree of tasks has no more live leases than the settings say, and what is over makes room', async () => {
  const tree = await delegating();
  tree.ports = { ...tree.ports, limits: { ...tree.ports.limits, liveLeasesPerTree: 3 } };
  const root = await tree.rooted();
  const [left, right] = [await tree.below(root, a, b), await tree.below(root, a, c)];
  const lowest = await tree.below(left, b, d);
  const refused = expect.objectContaining({ code: 'task.full' });
  await tree.asking(root, a);
  const { lease } = await tree.asking(left, b);
  await tree.asking(lowest, d);
  for (const [task, by] of [
    [root, a],
    [left, b],
    [right, c],
    [lowest, d],
  ] as const)
    await expect(tree.asking(task, by)).rejects.toEqual(refused);
  await expect(tree.asking(await tree.rooted(), a)).resolves.toBeDefined();

  await tree.ledger.leases.revoke(lease.id, 'released', b.id);
  await revoke(tree.ports, lease.id);
  await tree.asking(right, c);
  await expect(tree.asking(root, a)).rejects.toEqual(refused);
});
