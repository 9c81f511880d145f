import { beforeEach, expect, test } from '@jest/globals';
import { announceContext, digestOfContext } from '../../src/broker/announce-context.js';
import type { Broker } from '../../src/broker/broker.js';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Inventory } from '../../src/broker/inventory.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Scope } from '../../src/revocation/withdrawal.js';
import { withdrawals } from '../../src/worker/withdrawals.js';
import { subtaskOf } from '../fake/delegated.js';
import { admin, agent, brokerPorts, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let ports: Ports;
let broker: Broker;
let owners: Inventory['agents'];

const ownedAs = (...pairs: [string, string][]): Inventory['agents'] =>
  new Map(pairs.map(([id, owner]) => [id, { owner }]));

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  owners = ownedAs(
    [agent.id, 'team-a'],
    [otherAgent.id, 'team-a'],
    ['spiffe://example.org/agent/c', 'team-b'],
  );
  // As compose.ts has it: what a reload of the settings replaces.
  const inventory: Inventory = {
    get agents() {
      return owners;
    },
    ownersNeeded: false,
  };
  ({ ports } = brokerPorts(ledger, [pretendProvider()], {
    inventory,
    contextDigest: () => digestOfContext('d1', inventory),
  }));
  broker = createBroker(ports);
  await announceContext(ports, ports.contextDigest());
});

async function leased(by: Principal = agent): Promise<Lease> {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await broker.openTask(by, { intent: 't', deadlineAt, labels: {} });
  return (await broker.grant(by, { task: task.id, credential: 'pretend-entry', parameters: {} })).lease;
}
const kill = (scope: Scope) => broker.revokeMany(admin, { scope, reason: 'drill', block: true });

/** The worker as it runs, until it has nothing more to look at. */
async function looked() {
  const worker = withdrawals(ports);
  const isDone = async () =>
    (await ledger.withdrawals.context()) === ports.contextDigest() &&
    (await ledger.withdrawals.open()).length === 0;
  try {
    while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    await worker.close();
  }
}
const whyRevoked = async ({ id }: Lease) => {
  const { items } = await ledger.log.read({ pageSize: 100, subject: id });
  const revoking = items.map(({ event }) => event).find(({ type }) => type === 'lease.revoking');
  return revoking && { cause: revoking['cause' as never], reason: revoking['reason' as never] };
};

test('OPS-02: an agent that becomes a blocked owner’s loses what it has, without asking for anything', async () => {
  const [mine, theirs] = [await leased(), await leased(otherAgent)];
  await kill({ of: 'owner', name: 'team-b' });
  await looked();
  expect(await whyRevoked(mine)).toBeUndefined();

  owners = ownedAs([agent.id, 'team-b'], [otherAgent.id, 'team-a']);
  await looked();
  expect(await whyRevoked(mine)).toEqual({
    cause: 'context_changed',
    reason: 'issuing.blocked: owner:team-b',
  });
  expect(await whyRevoked(theirs)).toBeUndefined();
});

test('OPS-02: nor does what such an agent delegated before live on', async () => {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await broker.openTask(agent, { intent: 't', deadlineAt, labels: {} });
  const below = subtaskOf(
    await broker.delegate(agent, {
      ...{ parent: task.id, agent: otherAgent.id, intent: 'a part', deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    }),
  );
  const ask = { task: below.id, credential: 'pretend-entry', parameters: {} };
  const { lease } = await broker.grant(otherAgent, ask);
  await kill({ of: 'owner', name: 'team-b' });
  await looked();
  owners = ownedAs([agent.id, 'team-b'], [otherAgent.id, 'team-a']);
  await looked();
  expect(await whyRevoked(lease)).toMatchObject({ reason: 'issuing.blocked: owner:team-b' });
  // The one that delegated has not asked again; the block stands against what is asked below it all the same.
  await expect(broker.grant(otherAgent, ask)).rejects.toMatchObject({ code: 'issuing.blocked' });
});

test('an agent that leaves a blocked owner is blocked no longer, whoever asks for what it delegated', async () => {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await broker.openTask(agent, { intent: 't', deadlineAt, labels: {} });
  const below = subtaskOf(
    await broker.delegate(agent, {
      ...{ parent: task.id, agent: otherAgent.id, intent: 'a part', deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    }),
  );
  owners = ownedAs([agent.id, 'team-b'], [otherAgent.id, 'team-a']);
  await kill({ of: 'owner', name: 'team-b' });
  const ask = { task: below.id, credential: 'pretend-entry', parameters: {} };
  await expect(broker.grant(otherAgent, ask)).rejects.toMatchObject({ code: 'issuing.blocked' });
  owners = ownedAs([agent.id, 'team-c'], [otherAgent.id, 'team-a']);
  await looked();
  expect((await broker.grant(otherAgent, ask)).lease.state).toBe('active');
});

test('a change of owner is a change of context, a change of anything else about an agent is none', () => {
  const digest = (agents: Inventory['agents']) => digestOfContext('d1', { agents, ownersNeeded: false });
  const before = digest(ownedAs(['a', 'x'], ['b', 'y']));
  expect(digest(ownedAs(['b', 'y'], ['a', 'x']))).toBe(before);
  expect(digest(new Map([...ownedAs(['a', 'x'], ['b', 'y']), ['c', { purpose: 'new' }]]))).toBe(before);
  for (const other of [
    ownedAs(['a', 'x']),
    ownedAs(['a', 'y'], ['b', 'x']),
    ownedAs(['a', 'x\nb'], ['b', 'y']),
  ])
    expect(digest(other)).not.toBe(before);
});
