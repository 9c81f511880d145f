import { beforeEach, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import type { Ports } from '../../src/broker/ports.js';
import { revoke } from '../../src/broker/revoke.js';
import { hookSettings } from '../../src/identity/hooks/hook-settings.js';
import { readHook } from '../../src/identity/hooks/read-hook.js';
import type { Principal } from '../../src/identity/principal.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Task } from '../../src/task/task.js';
import { subtaskOf } from '../fake/delegated.js';
import { admin, agent, brokerPorts, orchestrator } from '../fake/broker-ports.js';
import { clockedRedis } from '../fake/clocked-redis.js';
import type { ClockedRedis } from '../fake/clocked-redis.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { signal } from '../fake/signal.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const [top, middle, low] = ['top', 'middle', 'low'].map((name): Principal => ({
  ...agent,
  id: `spiffe://example.org/agent/${name}`,
})) as [Principal, Principal, Principal];
const bearer = 'a-shared-secret-of-a-sender';
const hooks = hookSettings.parse({
  argo: { scheme: 'bearer', secrets: [bearer], tasks: [{ when: { '/is': 'over' }, task: '/task' }] },
  runs: { scheme: 'bearer', secrets: [bearer], tasks: [{ when: { '/is': 'over' }, run: '/run' }] },
});
const hourMs = 3_600_000;

let time: ClockedRedis;
let provider: PretendProvider;
let ports: Ports;
let broker: Broker;
let settled: () => Promise<unknown>;
let root: Task;
let tasks: Task[];
let leases: Lease[];

const delegated = (parent: Task, by: Principal, to: Principal) =>
  broker
    .delegate(by, {
      ...{ parent: parent.id, agent: to.id, intent: 'a part of it', deadlineAt: parent.deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    })
    .then(subtaskOf);
const granted = async (by: Principal, task: Task) =>
  (await broker.grant(by, { task: task.id, credential: 'pretend-entry', parameters: {} })).lease;

beforeEach(async () => {
  const prefix = uniquePrefix();
  time = await clockedRedis(await connected(backends[0]!.url), prefix, 1_800_000_000_000);
  const ledger = redisLedger(time.redis, { prefix });
  await ledger.check();
  provider = pretendProvider('pretend', { endsAfterMs: 10 * hourMs, clock: time.now });
  ({ ports, settled } = brokerPorts(ledger, [provider], {
    readHook: (source, delivery, now) => hooks[source] && readHook(hooks[source], delivery, now),
  }));
  broker = createBroker(ports);
  const opening = { intent: 't', labels: {}, agent: top.id, run: 'nightly', deadlineAt: time.now() + hourMs };
  root = await broker.openTask(orchestrator, opening);
  const below = await delegated(root, top, middle);
  tasks = [root, below, await delegated(below, middle, low)];
  leases = [await granted(top, tasks[0]!), await granted(middle, tasks[1]!), await granted(low, tasks[2]!)];
});

const told = (source: string, body: object) =>
  broker.receiveHook(source, {
    headers: { authorization: `Bearer ${bearer}` },
    rawBody: Buffer.from(JSON.stringify({ is: 'over', ...body })),
  });
const statesOf = (ids: readonly { id: string }[]) =>
  Promise.all(ids.map(async ({ id }) => (await ports.ledger.leases.find(id))!.state));

test.each<[string, () => Promise<unknown>]>([
  ['a webhook about its task', () => told('argo', { task: root.id })],
  ['a webhook about its run', () => told('runs', { run: 'nightly' })],
  ['an operator', () => broker.endTask(admin, root.id, 'cancelled')],
  ['whoever opened it', () => broker.endTask(orchestrator, root.id, 'completed')],
])('REV-05: a tree whose root is ended by %s is over as a whole', async (_who, end) => {
  await end();
  await settled();
  expect(await statesOf(leases)).toEqual(['revoked', 'revoked', 'revoked']);
  expect(provider.live.size).toBe(0);
  const by = [top, middle, low];
  for (const [at, task] of tasks.entries()) {
    expect(await broker.findTask(admin, task.id)).toMatchObject({ state: 'ended' });
    await expect(granted(by[at]!, task)).rejects.toMatchObject({ code: 'task.ended' });
    await expect(broker.renew(by[at]!, { lease: leases[at]!.id })).rejects.toMatchObject({
      code: 'task.ended',
    });
  }
});

test('DEL-05: nobody ends a tree, and at the deadline of its root it is over as a whole', async () => {
  await time.set(root.deadlineAt);
  await ports.ledger.check();
  const by = [top, middle, low];
  for (const [at, task] of tasks.entries()) {
    expect(leases[at]!.ceilingAt).toBeLessThanOrEqual(root.deadlineAt);
    expect(await broker.findTask(admin, task.id)).toMatchObject({ state: 'lapsed' });
    await expect(granted(by[at]!, task)).rejects.toMatchObject({ code: 'task.ended' });
    await expect(broker.renew(by[at]!, { lease: leases[at]!.id })).rejects.toMatchObject({
      code: 'task.ended',
    });
  }
  await expect(delegated(root, top, low)).rejects.toMatchObject({ code: 'task.ended' });
  await dispatchDue(ports, 'pretend', async (ids) => {
    for (const id of ids) await revoke(ports, id);
  });
  expect(await statesOf(leases)).toEqual(['revoked', 'revoked', 'revoked']);
});

test.each<[string, () => { of: 'agent' | 'task'; name: string }]>([
  ['the agent that delegated it', () => ({ of: 'agent', name: top.id })],
  ['the task above it', () => ({ of: 'task', name: tasks[1]!.id })],
])('REV-06: a lease of a sub-task is not renewed once %s was stopped', async (_what, scope) => {
  await broker.revokeMany(admin, { scope: scope(), reason: 'drill', block: true });
  const refused = { code: expect.stringMatching(/^(issuing\.blocked|task\.ended)$/) };
  await expect(broker.renew(low, { lease: leases[2]!.id })).rejects.toMatchObject(refused);
  expect(provider.calls.filter((call) => call.startsWith('renew'))).toEqual([]);
});

test('REV-06: a renewal that the provider is at when the agent above is stopped hands nothing over', async () => {
  provider.renewing = { byMs: 0, replaces: true };
  const { given, give } = signal();
  provider.hold.afterRenew = given;
  const renewed = broker.renew(low, { lease: leases[2]!.id, ttlSeconds: 1200 });
  const refusal = expect(renewed).rejects.toMatchObject({ code: 'issuing.blocked' });
  while (!provider.calls.some((call) => call.startsWith('renew')))
    await new Promise((resolve) => setImmediate(resolve));
  await broker.revokeMany(admin, {
    ...{ scope: { of: 'agent', name: top.id }, reason: 'drill', block: true },
  });
  give();
  await refusal;
  expect(await statesOf([leases[2]!])).not.toContain('active');
});
