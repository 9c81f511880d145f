import { beforeEach, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Inventory } from '../../src/broker/inventory.js';
import { whyNoLonger } from '../../src/broker/no-longer.js';
import type { Ports } from '../../src/broker/ports.js';
import { renew } from '../../src/broker/renew.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Lease } from '../../src/lease/lease.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Task } from '../../src/task/task.js';
import { subtaskOf } from '../fake/delegated.js';
import { agent, brokerPorts, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const above: Principal = { ...agent, issuer: 'https://old-idp.example' };
const third: Principal = { ...agent, id: 'spiffe://example.org/agent/c' };
const owners = (...of: Principal[]) => new Map(of.map(({ id }) => [id, { owner: 'finance' }]));
const whole: Inventory = {
  agents: owners(above, otherAgent, third),
  ownersNeeded: true,
  issuers: new Set([above.issuer, otherAgent.issuer]),
};

let inventory: Inventory;
let broker: Broker;
let ports: Ports;
let below: Task;
let lease: Lease;

const delegated = (parent: Task, by: Principal, to: Principal) =>
  broker
    .delegate(by, {
      ...{ parent: parent.id, agent: to.id, intent: 'a part of it', deadlineAt: parent.deadlineAt },
      scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
    })
    .then(subtaskOf);
const asked = () => broker.grant(otherAgent, { task: below.id, credential: 'pretend-entry', parameters: {} });

beforeEach(async () => {
  inventory = whole;
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const made = brokerPorts(ledger, [pretendProvider('pretend', { endsAfterMs: 600_000 })]);
  // As after a restart with other settings.
  ports = Object.defineProperty(made.ports, 'inventory', { get: () => inventory });
  broker = createBroker(ports);
  const root = await broker.openTask(above, {
    ...{ intent: 't', deadlineAt: ledger.clock() + 3_600_000, labels: {} },
  });
  below = await delegated(root, above, otherAgent);
  ({ lease } = await asked());
});

test.each<[string, string, Inventory]>([
  ['nobody answers for', 'agent.ownerless', { ...whole, agents: owners(otherAgent, third) }],
  [
    'has an issuer that is not trusted any more',
    'delegation.unproven',
    { ...whole, issuers: new Set([otherAgent.issuer]) },
  ],
])('OPS-01: what an agent delegated that %s is worth no more than it is (%s)', async (_who, code, fallen) => {
  const known = { task: below, proven: { issuer: otherAgent.issuer, claims: {} }, risk: 0 };
  expect(whyNoLonger(ports, lease, known)).toBeUndefined();
  inventory = fallen;
  await expect(asked()).rejects.toMatchObject({ code });
  await expect(renew(ports, otherAgent, { lease: lease.id })).rejects.toMatchObject({ code });
  await expect(delegated(below, otherAgent, third)).rejects.toMatchObject({ code });
  await expect(broker.takeStep(otherAgent, { task: below.id, tool: 't' })).rejects.toMatchObject({ code });
  const evaluated = await broker.evaluate(otherAgent, {
    ...{ subject: { type: 'agent', id: otherAgent.id }, action: { name: 'issue' } },
    ...{ resource: { type: 'credential', id: 'pretend-entry' }, context: { task: below.id } },
  });
  expect(evaluated).toMatchObject({ decision: false, reason: code });
  expect(whyNoLonger(ports, lease, known)).toBe(`${code}: of those who delegated its task`);
});
