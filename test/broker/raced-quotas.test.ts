import { beforeAll, expect, test } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { grant } from '../../src/broker/grant.js';
import type { Limits, Ports } from '../../src/broker/ports.js';
import { openTask } from '../../src/broker/tasks.js';
import { faultCode } from '../../src/kernel/fault.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import { agent, brokerPorts, entry, policyOf } from '../fake/broker-ports.js';
import { askingBroker } from '../fake/asking.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const asks = 200;
const deadlineAt = Date.now() + 3_600_000;

async function limited(limits: Partial<Limits>, over: Partial<CatalogEntry> = {}) {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const provider = pretendProvider();
  const made = brokerPorts(ledger, [provider], { policy: () => policyOf([entry('pretend', over)]) });
  const ports: Ports = { ...made.ports, limits: { ...made.ports.limits, mintTimeoutMs: 60_000, ...limits } };
  const task = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
  return { ports, provider, task };
}

// The store has the scripts then, and does not read 200 of them at once.
beforeAll(async () => {
  const { ports, task } = await limited({});
  await grant(ports, agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
});

/** How often each came of many at once: `ok`, or the code of a fault. */
async function outcomes(each: (count: number) => Promise<unknown>): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  const all = Array.from({ length: asks }, (_, count) => each(count).then(() => 'ok', faultCode));
  for (const outcome of await Promise.all(all)) counted[outcome] = (counted[outcome] ?? 0) + 1;
  return counted;
}

test.each<[string, Partial<Limits>, Partial<CatalogEntry>, string]>([
  ['live leases of an agent', { liveLeasesPerAgent: 7 }, {}, 'lease.limit'],
  ['live leases of all', { liveLeases: 7 }, {}, 'lease.limit'],
  ['live leases of an entry', {}, { maximumLive: 7 }, 'lease.limit'],
  ['live leases of a task', { liveLeasesPerTask: 7 }, {}, 'task.full'],
  [
    'the issue rate of an agent',
    { issueRatePerAgent: { most: 7, withinSeconds: 86_400 } },
    {},
    'quota.issue_rate',
  ],
  ['the issue rate of an entry', {}, { issueRate: { most: 7, withinSeconds: 86_400 } }, 'quota.issue_rate'],
])('OPS-05: %s is not passed by 200 asks at once', async (_what, limits, over, code) => {
  const { ports, provider, task } = await limited(limits, over);
  const asked = { task: task.id, credential: 'pretend-entry', parameters: {} };
  expect(await outcomes(() => grant(ports, agent, asked))).toEqual({ ok: 7, [code]: asks - 7 });
  expect(provider.live.size).toBe(7);
});

test('OPS-05, DEL-04: the sub-tasks of a task are not passed by 200 delegations at once', async () => {
  const { ports, task } = await limited({ delegation: { depth: 3, fanOut: 7, tree: 100 } });
  const counted = await outcomes((count) =>
    delegate(ports, agent, {
      ...{ parent: task.id, agent: `spiffe://example.org/agent/n${count}`, intent: 'a part', deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    }),
  );
  expect(counted).toEqual({ ok: 7, 'delegation.fan_out': asks - 7 });
  expect((await ports.ledger.tasks.find(task.id))!.subtasks).toHaveLength(7);
});

test('OPS-05, APR-05: the questions of an agent are not passed by 200 different asks at once', async () => {
  const { ask, ports } = await askingBroker({ settings: { pendingPerAgent: 7 } });
  const counted = await outcomes((count) => ask({ reason: `reason ${count}` }));
  expect(counted).toEqual({ ok: 7, 'approval.limit': asks - 7 });
  expect(await ports.ledger.approvals.pending()).toBe(7);
});
