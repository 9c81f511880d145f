import { beforeEach, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Scope } from '../../src/revocation/withdrawal.js';
import { admin, agent, brokerPorts, orchestrator, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let broker: Broker;
let task: string;
const owners: readonly (readonly [string, { readonly owner: string }])[] = [
  [agent.id, { owner: 'team-a' }],
  ['spiffe://example.org/agent/c', { owner: 'team-b' }],
];

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const { ports } = brokerPorts(ledger, [pretendProvider(), pretendProvider('other')], {
    inventory: { agents: new Map(owners), ownersNeeded: false },
  });
  broker = createBroker(ports);
  const deadlineAt = ledger.clock() + 3_600_000;
  task = (await broker.openTask(agent, { intent: 't', deadlineAt, labels: {} })).id;
});

const asked = (by: Principal, subject = agent.id, credential = 'pretend-entry') =>
  broker.evaluate(by, {
    subject: { type: 'agent', id: subject },
    action: { name: 'issue' },
    resource: { type: 'credential', id: credential },
    ...(by.id === agent.id && { context: { task } }),
  });
const reasonOf = async (by: Principal, subject?: string, credential?: string) =>
  (await asked(by, subject, credential)).reason;
const issued = () =>
  broker.grant(agent, { task, credential: 'pretend-entry', parameters: {} }).then(
    () => 'permit',
    (fault: { code: string }) => fault.code,
  );
const kill = (scope: Scope) => broker.revokeMany(admin, { scope, reason: 'drill', block: true });

const scopes: [Scope['of'], string][] = [
  ['agent', agent.id],
  ['owner', 'team-a'],
  ['issuer', agent.issuer],
  ['provider', 'pretend'],
  ['entry', 'pretend-entry'],
  ['all', ''],
];

test.each(scopes)('REV-06: what is blocked by %s is evaluated as issuing would answer', async (of, name) => {
  const { block } = await kill({ of, name });
  // The agent has asked for nothing yet: nobody has seen its token or its owner.
  expect(await asked(agent)).toMatchObject({ decision: false, reason: 'issuing.blocked', because: [] });
  expect(await issued()).toBe('issuing.blocked');
  expect(await reasonOf(orchestrator)).toBe('issuing.blocked');
  if (of !== 'all' && of !== 'issuer')
    expect(await reasonOf(otherAgent, otherAgent.id, 'other-entry')).toBe('permit');

  await broker.liftBlock(admin, block!.id, 'the drill is over');
  expect(await asked(agent)).toMatchObject({ decision: true });
  expect(await issued()).toBe('permit');
});

test('OPS-01: a disabled agent is told so, and others about it, until it is enabled', async () => {
  await broker.disableAgent(admin, agent.id, 'drill');
  for (const by of [agent, orchestrator, admin]) expect(await reasonOf(by)).toBe('agent.disabled');
  await broker.enableAgent(admin, agent.id, 'over');
  expect(await reasonOf(agent)).toBe('permit');
});

test('steps and delegation are evaluated with the blocks that stand against them', async () => {
  const evaluate = (name: string, resource: { type: string; id: string }) =>
    broker.evaluate(agent, {
      subject: { type: 'agent', id: agent.id },
      action: { name },
      resource,
      context: { task },
    });
  const delegate = () => evaluate('delegate', { type: 'agent', id: otherAgent.id });
  const step = () => evaluate('step', { type: 'tool', id: 'sql' });
  expect([(await delegate()).decision, (await step()).decision]).toEqual([true, true]);
  const { block } = await kill({ of: 'agent', name: otherAgent.id });
  expect(await delegate()).toMatchObject({ decision: false, reason: 'issuing.blocked' });
  expect((await step()).decision).toBe(true);
  await broker.liftBlock(admin, block!.id, 'over');
  await kill({ of: 'agent', name: agent.id });
  for (const answer of [await delegate(), await step()])
    expect(answer).toMatchObject({ decision: false, reason: 'issuing.blocked' });
});

test('asking what would be answered leaves no trace of the agent', async () => {
  await kill({ of: 'owner', name: 'team-b' });
  expect(await reasonOf(agent)).toBe('permit');
  expect(await ledger.agents.find([agent.id])).toEqual([undefined]);
});
