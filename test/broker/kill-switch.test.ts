import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { carryOut } from '../../src/broker/carry-out.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Scope } from '../../src/revocation/withdrawal.js';
import { admin, agent, brokerPorts, orchestrator, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let provider: PretendProvider;
let other: PretendProvider;
let ports: Ports;
let broker: Broker;
let settled: () => Promise<unknown>;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  provider = pretendProvider();
  other = pretendProvider('other');
  const made = brokerPorts(ledger, [provider, other], {
    inventory: { agents: new Map([[agent.id, { owner: 'team-a' }]]), ownersNeeded: false },
  });
  ({ ports, settled } = made);
  broker = createBroker(ports);
});

const openTask = (by: Principal) =>
  broker.openTask(by, { intent: 't', deadlineAt: ledger.clock() + 3_600_000, labels: {} });
const grant = async (by: Principal = agent, credential = 'pretend-entry', task?: string) =>
  broker.grant(by, { task: task ?? (await openTask(by)).id, credential, parameters: {} });
const carriedOut = async () => {
  for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, () => Promise.resolve(true));
  for (const each of await ledger.leases.providers()) await dispatchDue(ports, each);
  await settled();
};
const refused = (code: string) => expect.objectContaining({ code });
const kill = (scope: Scope, block = true) => broker.revokeMany(admin, { scope, reason: 'drill', block });

describe('REV-06: the kill switch', () => {
  test.each<[Scope['of'], string, string]>([
    ['agent', agent.id, 'agent'],
    ['owner', 'team-a', 'owner'],
    ['issuer', otherAgent.issuer, 'issuer'],
    ['provider', 'pretend', 'provider'],
    ['entry', 'pretend-entry', 'catalog entry'],
    ['all', '', 'installation'],
  ])(
    'by %s: new issue is refused at once, what there is goes, others are untouched',
    async (of, name, word) => {
      const mine = (await grant()).lease;
      const theirs = (await grant(otherAgent, 'other-entry')).lease;
      const { revocation, block } = await kill({ of, name });
      expect(block).toMatchObject({ scope: { of, name }, reason: 'drill', by: admin.id });
      await expect(grant()).rejects.toEqual(
        expect.objectContaining({
          code: 'issuing.blocked',
          message: `An operator has blocked issuing for this ${word}.`,
        }),
      );
      await carriedOut();
      expect(await ledger.leases.find(mine.id)).toMatchObject({ state: 'revoked', cause: 'kill_switch' });
      const reached = of === 'all' || of === 'issuer' ? 2 : 1;
      expect((await ledger.leases.find(theirs.id))?.state).toBe(reached === 2 ? 'revoked' : 'active');
      expect(await broker.findRevocation(admin, revocation.id)).toMatchObject({
        ...{ total: reached, revoked: reached, pending: 0, stuck: 0 },
        sweptAt: expect.any(Number),
      });
      if (reached === 1) await grant(otherAgent, 'other-entry');
    },
  );

  test('without a block what there is goes, and more can be issued', async () => {
    const { lease } = await grant();
    expect((await kill({ of: 'agent', name: agent.id }, false)).block).toBeUndefined();
    await grant();
    await carriedOut();
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked' });
    expect(await broker.listBlocks(admin)).toEqual([]);
  });

  test('a block stands until it is lifted, by its id and with a reason; what was revoked stays so', async () => {
    const { lease } = await grant();
    const { block } = await kill({ of: 'agent', name: agent.id });
    await carriedOut();
    expect(await broker.listBlocks(admin)).toEqual([block]);
    await expect(broker.liftBlock(admin, 'blk_nothing0', 'r')).rejects.toEqual(refused('block.unknown'));
    await broker.liftBlock(admin, block!.id, 'the drill is over');
    await grant();
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked' });
    const { items } = await ledger.log.read({ pageSize: 500 });
    expect(items.map(({ event }) => event)).toContainEqual({
      type: 'block.lifted',
      block: block!.id,
      scope: { of: 'agent', name: agent.id },
      by: admin.id,
      reason: 'the drill is over',
    });
  });

  test('a lease that was reserved before the block is not handed over after it', async () => {
    let letGo = () => {};
    provider.hold.beforeIssue = new Promise<void>((resolve) => (letGo = resolve));
    const asking = grant();
    const refusal = expect(asking).rejects.toMatchObject({ name: 'Fault' });
    while (provider.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await kill({ of: 'agent', name: agent.id });
    letGo();
    await refusal;
    await carriedOut();
    expect(provider.live.size).toBe(0);
  });

  test('however a block falls between requests, none gets a lease once it is acknowledged', async () => {
    const scopes: Scope[] = [
      { of: 'agent', name: agent.id },
      { of: 'owner', name: 'team-a' },
      { of: 'issuer', name: agent.issuer },
      { of: 'provider', name: 'pretend' },
      { of: 'entry', name: 'pretend-entry' },
      { of: 'all', name: '' },
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...scopes),
        fc.array(fc.nat(12), { minLength: 1, maxLength: 12 }),
        fc.nat(12),
        async (scope, starts, blockAt) => {
          const task = await openTask(agent);
          const waits = async (turns: number) => {
            for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
          };
          let acknowledged = false;
          const granted = starts.map(async (turns) => {
            await waits(turns);
            const early = await grant(agent, 'pretend-entry', task.id).then(
              ({ lease }) => lease,
              () => undefined,
            );
            return early && { lease: early, late: acknowledged };
          });
          await waits(blockAt);
          const { block } = await kill(scope);
          acknowledged = true;
          // Whatever begins from here on is refused, and what was reserved before goes.
          await expect(grant(agent, 'pretend-entry', task.id)).rejects.toEqual(refused('issuing.blocked'));
          for (const one of await Promise.all(granted)) expect(one?.late ?? false).toBe(false);
          await carriedOut();
          expect(provider.live.size).toBe(0);
          expect(await ledger.leases.counts()).toEqual([]);
          await broker.liftBlock(admin, block!.id, 'next');
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a preview counts everything and shows some', async () => {
    for (let i = 0; i < 3; i++) await grant();
    await grant(otherAgent, 'other-entry');
    expect(await broker.blastRadius(admin, { of: 'all', name: '' })).toMatchObject({
      total: 4,
      byProvider: { pretend: 3, other: 1 },
      byEntry: { 'pretend-entry': 3, 'other-entry': 1 },
      byAgent: { [agent.id]: 3, [otherAgent.id]: 1 },
      byEffect: { revoked_at_provider: 4 },
    });
    expect(provider.live.size).toBe(3);
  });
});

describe('OPS-02: the kill switch is out of the reach of agents', () => {
  test('neither an agent nor an orchestrator pulls it, lifts its block, or enables who was disabled', async () => {
    const { block } = await kill({ of: 'agent', name: agent.id });
    await broker.disableAgent(admin, otherAgent.id, 'drill');
    const scope: Scope = { of: 'all', name: '' };
    for (const by of [agent, otherAgent, orchestrator]) {
      await expect(broker.revokeMany(by, { scope, reason: 'x', block: true })).rejects.toEqual(
        refused('role.missing'),
      );
      await expect(broker.liftBlock(by, block!.id, 'x')).rejects.toEqual(refused('role.missing'));
      await expect(broker.enableAgent(by, otherAgent.id, 'x')).rejects.toEqual(refused('role.missing'));
      await expect(broker.blastRadius(by, scope)).rejects.toEqual(refused('role.missing'));
    }
    expect(await broker.listBlocks(admin)).toHaveLength(2);
    await expect(grant()).rejects.toEqual(refused('issuing.blocked'));
    await expect(grant(otherAgent)).rejects.toEqual(refused('agent.disabled'));
  });
});

describe('OPS-01: agents', () => {
  test('given disable, its leases are revoked and it gets nothing until it is enabled', async () => {
    const { lease } = await grant();
    const disabled = await broker.disableAgent(admin, agent.id, 'it left the company');
    expect(disabled).toMatchObject({
      ...{ status: 'disabled', owner: 'team-a', issuer: agent.issuer },
      disabled: { by: admin.id, reason: 'it left the company' },
    });
    await expect(grant()).rejects.toEqual(refused('agent.disabled'));
    await grant(otherAgent);
    await carriedOut();
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked', cause: 'context_changed' });
    expect(await broker.enableAgent(admin, agent.id, 'it is back')).toMatchObject({ status: 'enabled' });
    await grant();
    const { items } = await ledger.log.read({ pageSize: 500, subject: agent.id });
    expect(items.map(({ event }) => event)).toEqual(
      expect.arrayContaining([
        { type: 'agent.disabled', subject: agent.id, by: admin.id, reason: 'it left the company' },
        { type: 'agent.enabled', subject: agent.id, by: admin.id, reason: 'it is back' },
      ]),
    );
  });

  test.each<[Scope['of'], string]>([
    ['agent', agent.id],
    ['owner', 'team-a'],
    ['issuer', agent.issuer],
    ['all', ''],
  ])('an agent that a kill switch stands against is blocked, and by which: %s', async (of, name) => {
    await grant();
    const { block } = await kill({ of, name });
    const blocked = { status: 'blocked', blockedBy: [block] };
    expect(await broker.findAgent(admin, agent.id)).toMatchObject(blocked);
    expect((await broker.listAgents(admin, { pageSize: 10 })).items).toContainEqual(
      expect.objectContaining({ id: agent.id, ...blocked }),
    );
    expect(await broker.disableAgent(admin, agent.id, 'as well')).toMatchObject({
      status: 'disabled',
      blockedBy: [block],
    });
    expect(await broker.enableAgent(admin, agent.id, 'again')).toMatchObject(blocked);
    await broker.liftBlock(admin, block!.id, 'over');
    const free = await broker.findAgent(admin, agent.id);
    expect([free.status, free.blockedBy]).toEqual(['enabled', undefined]);
  });

  test.each<[Scope['of'], string]>([
    ['agent', otherAgent.id],
    ['provider', 'pretend'],
    ['entry', 'pretend-entry'],
  ])('a kill switch that leaves it something is not told of it: %s', async (of, name) => {
    await grant();
    await kill({ of, name });
    expect((await broker.findAgent(admin, agent.id)).status).toBe('enabled');
  });

  test('the inventory is of the settings and of who has asked, with what they hold', async () => {
    await grant(otherAgent);
    const { items } = await broker.listAgents(admin, { pageSize: 10 });
    expect(items).toEqual([
      { id: agent.id, owner: 'team-a', status: 'enabled', liveLeases: 0, risk: 'none' },
      expect.objectContaining({ id: otherAgent.id, issuer: otherAgent.issuer, liveLeases: 1 }),
    ]);
    await expect(broker.findAgent(admin, 'nobody')).rejects.toEqual(refused('agent.unknown'));
  });

  test('given its owner removed, the next request is 403 ownerless', async () => {
    const needed = { ...ports.inventory, ownersNeeded: true };
    const strict = createBroker({ ...ports, inventory: needed });
    const ask = async (by: Principal) => ({
      ...{ task: (await openTask(by)).id, credential: 'pretend-entry', parameters: {} },
    });
    await strict.grant(agent, await ask(agent));
    await expect(strict.grant(otherAgent, await ask(otherAgent))).rejects.toEqual(refused('agent.ownerless'));
    needed.agents = new Map();
    await expect(strict.grant(agent, await ask(agent))).rejects.toEqual(refused('agent.ownerless'));
  });
});
