import { beforeEach, describe, expect, test } from '@jest/globals';
import { carryOut } from '../../src/broker/carry-out.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { announceContext } from '../../src/broker/announce-context.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Ask, Decision, Policy } from '../../src/policy/decision.js';
import { withdrawals } from '../../src/worker/withdrawals.js';
import { admin, agent, brokerPorts, entry, otherAgent, permitting } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let provider: PretendProvider;
let ports: Ports;
let broker: Broker;
/** What decides by now; each of these is asked through it. */
let decide: (ask: Ask) => Decision;
let digest: string;
let entries: string[];

const deny = (...because: string[]): Decision => ({ is: 'deny', because, errors: [] });

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  provider = pretendProvider();
  decide = () => permitting();
  digest = 'one';
  entries = ['pretend-entry', 'other-entry'];
  const policy = (): Policy => ({
    digest,
    catalog: new Map(entries.map((name) => [name, entry('pretend', { name })])),
    decide: (ask) => decide(ask as Ask),
  });
  ({ ports } = brokerPorts(ledger, [provider], {
    policy,
    contextDigest: () => digest,
    inventory: { agents: new Map([[agent.id, { owner: 'team-a' }]]), ownersNeeded: false },
  }));
  broker = createBroker(ports);
  await announceContext(ports, digest);
});

async function leased(by: Principal = agent, credential = 'pretend-entry'): Promise<Lease> {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await broker.openTask(by, { intent: 't', deadlineAt, labels: {} });
  return (await broker.grant(by, { task: task.id, credential, parameters: {} })).lease;
}
const always = () => Promise.resolve(true);
const evaluated = async () => {
  for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, always);
};
async function changedTo(next: string, decides: (ask: Ask) => Decision) {
  digest = next;
  decide = decides;
  await announceContext(ports, next);
}
const whyRevoked = async (lease: Lease) => {
  const { items } = await ledger.log.read({ pageSize: 100, subject: lease.id });
  const revoking = items.map(({ event }) => event).find(({ type }) => type === 'lease.revoking');
  return revoking && { cause: revoking['cause' as never], reason: revoking['reason' as never] };
};

describe('POL-06: live leases are evaluated again', () => {
  test('when policy has changed: what no longer passes is revoked, with the reason and the policies', async () => {
    const [mine, theirs] = [await leased(), await leased(otherAgent)];
    await changedTo('two', ({ principal }) =>
      principal.id === agent.id ? deny('no-more-reports') : permitting(),
    );
    await evaluated();
    expect(await whyRevoked(mine)).toEqual({
      cause: 'context_changed',
      reason: 'policy.denied: no-more-reports',
    });
    expect((await ledger.leases.find(theirs.id))?.state).toBe('active');
    const { items } = await broker.listRevocations(admin, { pageSize: 5 });
    expect(items).toMatchObject([{ what: 'evaluate', scope: { of: 'all' }, total: 1 }]);
  });

  test('not again when the same is announced by another process, or by one that starts', async () => {
    await leased();
    await announceContext(ports, digest);
    expect(await ledger.withdrawals.open()).toEqual([]);
  });

  test.each<[string, string, () => void]>([
    ['its entry is gone from the catalog', 'credential.unknown', () => (entries = ['other-entry'])],
    [
      'policy wants a person to approve it',
      'approval.required: ask-first',
      () => (decide = () => ({ is: 'ask', approvers: ['approver'], because: ['ask-first'] })),
    ],
    ['it would not be given so long a life', 'ttl.invalid: allow-all', () => (decide = () => permitting(60))],
    [
      'policy cannot be evaluated',
      'policy.error: ',
      () => (decide = () => ({ is: 'deny', because: [], errors: ['broken'] })),
    ],
  ])('a lease goes when %s', async (_when, reason, change) => {
    const lease = await leased();
    change();
    await changedTo('two', decide);
    await evaluated();
    expect(await whyRevoked(lease)).toEqual({ cause: 'context_changed', reason });
  });

  test('a lease goes when nobody answers for its agent any more, or its issuer is not trusted any more', async () => {
    const lease = await leased();
    const without = { agents: new Map(), ownersNeeded: true };
    await changedTo('two', decide);
    for (const one of await ledger.withdrawals.open())
      await carryOut({ ...ports, inventory: without }, one, always);
    expect(await whyRevoked(lease)).toMatchObject({ reason: 'agent.ownerless' });
    const other = await leased();
    await changedTo('three', decide);
    for (const one of await ledger.withdrawals.open())
      await carryOut({ ...ports, inventory: { ...ports.inventory, issuers: new Set(['x']) } }, one, always);
    expect((await whyRevoked(other))?.reason).toMatch(/issuer is not trusted/);
  });

  test('policy is asked what it was asked for the lease, with the claims its agent last proved for the task', async () => {
    const claims = { repository: 'acme/reports', ref: 'main' };
    const constrained = { ...agent, claims, boundTo: 'key', provedBy: 'key' };
    const asked: Ask[] = [];
    decide = (ask) => (asked.push(ask), permitting());
    const deadlineAt = ledger.clock() + 3_600_000;
    const opening = { intent: 't', deadlineAt, labels: { team: 'x' }, tools: ['sql.query'] };
    const task = await broker.openTask(constrained, opening);
    const request = { task: task.id, credential: 'pretend-entry', parameters: {} };
    await broker.grant(constrained, { ...request, ttlSeconds: 60, tool: 'sql.query', reason: 'totals' });
    await changedTo('two', decide);
    await evaluated();
    const [first, again] = asked;
    const { proofExpiresAt: _before, ...before } = first!.principal;
    const { proofExpiresAt: _after, proofIssuedAt: _issued, ...after } = again!.principal;
    expect(after).toEqual(before);
    expect({ ...again, principal: 0 }).toEqual({ ...first, principal: 0, renewals: 0, encrypted: true });
  });

  test('when a signal raises the risk of its agent, and of nobody else', async () => {
    const [mine, theirs] = [await leased(), await leased(otherAgent)];
    decide = ({ risk }) => ((risk ?? 0) >= 2 ? deny('not-while-at-risk') : permitting());
    await broker.signalAgent(admin, agent.id, { level: 'low', reason: 'odd hours' });
    await evaluated();
    expect((await ledger.leases.find(mine.id))?.state).toBe('active');
    expect(await broker.signalAgent(admin, agent.id, { level: 'high', reason: 'seen abroad' })).toMatchObject(
      {
        risk: 'high',
        signal: { by: admin.id, reason: 'seen abroad' },
      },
    );
    await evaluated();
    expect(await whyRevoked(mine)).toEqual({
      cause: 'context_changed',
      reason: 'policy.denied: not-while-at-risk',
    });
    expect((await ledger.leases.find(theirs.id))?.state).toBe('active');
    expect(await broker.signalAgent(admin, agent.id, { level: 'none', reason: 'over' })).toMatchObject({
      risk: 'none',
    });
  });

  test('what a crash interrupts goes on where it was', async () => {
    const leases = [];
    for (let i = 0; i < 12; i++) leases.push(await leased(i % 2 === 0 ? agent : otherAgent));
    await changedTo('two', () => deny('nobody'));
    let rounds = 0;
    const [before] = await ledger.withdrawals.open();
    await carryOut(ports, before!, () => Promise.resolve(rounds++ < 1));
    const [after] = await ledger.withdrawals.open();
    expect(after?.sweep?.taken).toBe(12);
    await carryOut(ports, after!, always);
    const { items } = await broker.listRevocations(admin, { pageSize: 5 });
    expect(items[0]).toMatchObject({ total: 12 });
    for (const { id } of leases) expect((await ledger.leases.find(id))?.state).not.toBe('active');
  });

  test('by one of several processes, and by none that decides by something older', async () => {
    const lease = await leased();
    const old = { ...ports, contextDigest: () => 'one' };
    const closing = [withdrawals(old)];
    await changedTo('two', () => deny('nobody'));
    closing.push(withdrawals({ ...ports, contextDigest: () => 'two' }));
    while ((await ledger.leases.find(lease.id))?.state === 'active')
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await whyRevoked(lease)).toMatchObject({ reason: 'policy.denied: nobody' });
    await Promise.all(closing.map((each) => each.close()));
  });
});
