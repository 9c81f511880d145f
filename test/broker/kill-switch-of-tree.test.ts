import { beforeEach, describe, expect, test } from '@jest/globals';
import { carryOut } from '../../src/broker/carry-out.js';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision, Question } from '../../src/policy/decision.js';
import type { Scope } from '../../src/revocation/withdrawal.js';
import type { Task } from '../../src/task/task.js';
import { subtaskOf } from '../fake/delegated.js';
import { admin, agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const named = (name: string): Principal => ({
  ...agent,
  id: `spiffe://example.org/agent/${name}`,
  issuer: `issuer-of-${name}`,
});
/** `top` delegates to `middle`, and it to `low`; `other` has nothing to do with them. */
const [top, middle, low, other] = ['top', 'middle', 'low', 'other'].map(named) as [
  Principal,
  Principal,
  Principal,
  Principal,
];
const refused = (code: string) => expect.objectContaining({ code });

let ledger: Ledger;
let ports: Ports;
let broker: Broker;
let provider: PretendProvider;
let settled: () => Promise<unknown>;
/** Which risk is too much. */
let tooMuch: number;
/** By agent, as this process knows it. */
let known: Map<string, number>;
let tasks: Record<'top' | 'middle' | 'low' | 'other', Task>;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  const owners = new Map(
    [top, middle, low, other].map(({ id }) => [id, { owner: `owner-of-${id.slice(27)}` }]),
  );
  provider = pretendProvider();
  [tooMuch, known] = [4, new Map()];
  const decide = (question?: Question): Decision =>
    (question?.risk ?? 0) >= tooMuch ? { is: 'deny', because: ['at-risk'], errors: [] } : permitting();
  ({ ports, settled } = brokerPorts(ledger, [provider], {
    risk: (id) => known.get(id) ?? 0,
    policy: () => policyOf([entry('pretend')], decide),
    inventory: { agents: owners, ownersNeeded: true },
  }));
  broker = createBroker(ports);
  const deadlineAt = ledger.clock() + 3_600_000;
  const opening = { intent: 't', deadlineAt, labels: {} };
  const root = await broker.openTask(top, opening);
  const below = await delegated(root, top, middle);
  tasks = {
    ...{ top: root, middle: below, low: await delegated(below, middle, low) },
    other: await broker.openTask(other, opening),
  };
});

const delegated = (parent: Task, by: Principal, to: Principal) =>
  broker
    .delegate(by, {
      ...{ parent: parent.id, agent: to.id, intent: 'a part of it', deadlineAt: parent.deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    })
    .then(subtaskOf);
const grant = async (by: Principal, task: Task) =>
  (await broker.grant(by, { task: task.id, credential: 'pretend-entry', parameters: {} })).lease;
const allThree = async () => [
  await grant(top, tasks.top),
  await grant(middle, tasks.middle),
  await grant(low, tasks.low),
];
const kill = async (scope: Scope) => {
  const killed = await broker.revokeMany(admin, { scope, reason: 'drill', block: true });
  for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, () => Promise.resolve(true));
  return killed;
};
const stateOf = async ({ id }: { id: string }) => (await ledger.leases.find(id))?.state;

describe.each<[string, Scope]>([
  ['its agent', { of: 'agent', name: top.id }],
  ['its owner', { of: 'owner', name: 'owner-of-top' }],
  ['its issuer', { of: 'issuer', name: top.issuer }],
])('REV-06: a kill switch for %s reaches what was delegated below', (_what, scope) => {
  test('the leases of the sub-tasks go, and nobody else’s', async () => {
    const gone = await allThree();
    const stays = await grant(other, tasks.other);
    expect((await broker.blastRadius(admin, scope)).total).toBe(3);
    await kill(scope);
    for (const lease of gone) expect(await stateOf(lease)).toBe('revoking');
    expect(await stateOf(stays)).toBe('active');
  });

  test('nothing is issued below, no step is taken and nothing is delegated, until it is lifted', async () => {
    const { block } = await kill(scope);
    const step = (by: Principal, task: Task) => broker.takeStep(by, { task: task.id, tool: 'sql.query' });
    for (const [by, task] of [
      [top, tasks.top],
      [middle, tasks.middle],
      [low, tasks.low],
    ] as const) {
      await expect(grant(by, task)).rejects.toEqual(refused('issuing.blocked'));
      await expect(step(by, task)).rejects.toEqual(refused('issuing.blocked'));
      await expect(delegated(task, by, other)).rejects.toEqual(refused('issuing.blocked'));
    }
    await grant(other, tasks.other);
    await step(other, tasks.other);
    await delegated(tasks.other, other, named('new'));
    await broker.liftBlock(admin, block!.id, 'the drill is over');
    await grant(low, tasks.low);
    await step(low, tasks.low);
  });
});

test('REV-06: a kill switch for a task ends what is below it as well, and its preview counts that', async () => {
  const gone = await allThree();
  const stays = await grant(other, tasks.other);
  const scope = { of: 'task', name: tasks.middle.id } as const;
  expect((await broker.blastRadius(admin, scope)).total).toBe(2);
  const { revocation } = await kill(scope);
  await settled();
  expect(await Promise.all([...gone, stays].map(stateOf))).toEqual([
    'active',
    'revoked',
    'revoked',
    'active',
  ]);
  for (const [by, task] of [
    [middle, tasks.middle],
    [low, tasks.low],
  ] as const)
    await expect(grant(by, task)).rejects.toEqual(refused('task.ended'));
  expect(await broker.findRevocation(admin, revocation.id)).toMatchObject({ sweptAt: expect.any(Number) });
});

test('REV-06: a kill switch for an owner reaches what an agent delegated before it became theirs', async () => {
  const lease = await grant(low, tasks.low);
  const agents = new Map([...ports.inventory.agents, [top.id, { owner: 'payments' }]]);
  Object.defineProperty(ports, 'inventory', { value: { agents, ownersNeeded: true } });
  const { block } = await kill({ of: 'owner', name: 'payments' });
  expect(await stateOf(lease)).toBe('revoking');
  await expect(grant(low, tasks.low)).rejects.toEqual(refused('issuing.blocked'));
  await broker.liftBlock(admin, block!.id, 'the drill is over');
  await grant(low, tasks.low);
});

test('REV-06: a kill switch for an agent below leaves what is above it', async () => {
  const above = await grant(top, tasks.top);
  const mine = await grant(middle, tasks.middle);
  const below = await grant(low, tasks.low);
  await kill({ of: 'agent', name: middle.id });
  expect(await Promise.all([above, mine, below].map(stateOf))).toEqual(['active', 'revoking', 'revoking']);
  await grant(top, tasks.top);
  await expect(delegated(tasks.top, top, middle)).rejects.toEqual(refused('issuing.blocked'));
});

test('OPS-01: a disabled agent takes no step, and what it delegated is disabled with it', async () => {
  const lease = await grant(low, tasks.low);
  await broker.disableAgent(admin, middle.id, 'it left the company');
  for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, () => Promise.resolve(true));
  expect(await stateOf(lease)).toBe('revoking');
  for (const [by, task] of [
    [middle, tasks.middle],
    [low, tasks.low],
  ] as const)
    await expect(broker.takeStep(by, { task: task.id, tool: 't' })).rejects.toEqual(
      refused('agent.disabled'),
    );
  await broker.takeStep(top, { task: tasks.top.id, tool: 't' });
});

test('REV-06: what was reserved below before the block is not handed over after it', async () => {
  let letGo = () => {};
  provider.hold.beforeIssue = new Promise<void>((resolve) => (letGo = resolve));
  const refusal = expect(grant(low, tasks.low)).rejects.toMatchObject({ name: 'Fault' });
  while (provider.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await broker.revokeMany(admin, { scope: { of: 'agent', name: top.id }, reason: 'drill', block: true });
  letGo();
  await refusal;
  const { items } = await ledger.leases.list({ pageSize: 10 });
  expect(items.map(({ agent: of, state }) => [of, state])).toEqual([[low.id, 'revoked']]);
});

test('POL-06: the risk of an agent is that of what it delegated: its leases go, and nothing more is issued', async () => {
  const gone = await allThree();
  const stays = await grant(other, tasks.other);
  tooMuch = 3;
  known.set(top.id, 3);
  await broker.signalAgent(admin, top.id, { level: 'high', reason: 'seen abroad' });
  for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, () => Promise.resolve(true));
  for (const lease of gone) expect(await stateOf(lease)).toBe('revoking');
  expect(await stateOf(stays)).toBe('active');
  await expect(grant(low, tasks.low)).rejects.toEqual(refused('policy.denied'));
  await grant(other, tasks.other);
});
