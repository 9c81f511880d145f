import type { AuditEvent, AuditRecord } from '../../src/audit/event.js';
import { Fault } from '../../src/kernel/fault.js';
import { openBreaker } from '../../src/broker/breaker.js';
import { grant } from '../../src/broker/grant.js';
import { renew } from '../../src/broker/renew.js';
import { revoke } from '../../src/broker/revoke.js';
import { revokeLease } from '../../src/broker/leases.js';
import { endTask, openTask } from '../../src/broker/tasks.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts, entry, orchestrator, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

/** What no short history comes to: written as the code that tells it does. */
const rare: AuditEvent[] = [
  { type: 'identity.refused', reason: 'svid.expired', count: 1 },
  { type: 'hook.accepted', source: 'orchestrator', delivery: 'msg_1', task: 'tsk_aaaaaaaa' },
  { type: 'hook.refused', source: 'orchestrator', reason: 'signature', count: 3 },
  { type: 'policy.loaded', policyDigest: 'd1' },
  { type: 'policy.refused', inForce: 'd1', problems: ['a.cedar: nonsense'] },
  { type: 'settings.loaded', sections: ['catalog'], needRestart: ['http'] },
  { type: 'settings.refused', problems: ['catalog: nonsense'] },
  { type: 'lease.quarantined', lease: 'lse_aaaaaaaabbbbbb', task: 'tsk_aaaaaaaa', provider: 'pretend' },
  {
    type: 'ledger.accepted',
    epoch: 1,
    lost: { seq: 7, lastId: '1-0' },
    by: 'local:root',
    reason: 'restored',
  },
  {
    type: 'orphan.revoked',
    lease: 'lse_aaaaaaaabbbbbb',
    task: 'tsk_aaaaaaaa',
    provider: 'pretend',
    stand: 'unknown',
    madeAt: 1,
  },
  {
    type: 'lease.readable',
    lease: 'lse_aaaaaaaabbbbbb',
    task: 'tsk_aaaaaaaa',
    provider: 'pretend',
    state: 'active',
  },
  {
    type: 'lease.reindexed',
    lease: 'lse_aaaaaaaabbbbbb',
    task: 'tsk_aaaaaaaa',
    agent: agent.id,
    provider: 'pretend',
  },
  {
    type: 'lease.denied',
    lease: 'lse_aaaaaaaabbbbbb',
    task: 'tsk_aaaaaaaa',
    agent: agent.id,
    cause: 'task_end',
    lagMs: 12,
  },
  {
    type: 'lease.expired',
    lease: 'lse_aaaaaaaabbbbbb',
    task: 'tsk_aaaaaaaa',
    agent: agent.id,
    cause: 'expiry',
    effect: 'expires_only',
    attempts: 1,
    lagMs: 3,
  },
  { type: 'breakglass.expired', task: 'tsk_aaaaaaaa', agent: 'operator:olga', breakGlass: 'bgl_1' },
  { type: 'session.begun', by: 'operator:olga', roles: ['admin'], issuer: 'https://idp.example' },
  { type: 'session.ended', by: 'operator:olga', roles: ['admin'], issuer: 'https://idp.example' },
  { type: 'signal.refused', source: 'idp', reason: 'invalid_key', count: 1 },
  {
    type: 'credential.limited',
    task: 'tsk_aaaaaaaa',
    agent: agent.id,
    entry: 'pretend-entry',
    fault: 'quota.issue_rate',
    quota: 'This agent is issued credentials too often.',
    count: 7,
  },
  {
    type: 'task.limited',
    task: '',
    agent: agent.id,
    by: agent.id,
    fault: 'quota.task_rate',
    quota: 'As many tasks were opened for this agent as may be.',
    count: 7,
  },
  {
    ...{ type: 'call.refused', by: agent.id, kind: 'agent', operation: 'revokeMany', on: 'all:' },
    ...{ fault: 'role.missing', count: 1 },
  },
  { type: 'notification.disabled', target: 'chat' },
];

const opening = {
  intent: 'summarise the reports\nof <b>Q3</b>',
  deadlineAt: Date.now() + 3_600_000,
  labels: { team: 'finance' },
  onBehalfOf: 'user:ann',
  agent: agent.id,
  tools: ['read', 'write'],
};

export interface Told {
  readonly ledger: Ledger;
  readonly records: readonly AuditRecord[];
  /** Of the one whose whole life is in it. */
  readonly lease: string;
  readonly task: string;
}

/** A history of a real ledger that has an event of every type that leases, tasks and requests tell. */
export async function tellEverything(): Promise<Told> {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  const provider = pretendProvider('pretend', { endsAfterMs: 600_000, clock: ledger.clock });
  const { ports, settled } = brokerPorts(ledger, [provider]);
  const quietly = (act: Promise<unknown>) => act.catch(() => {});
  const principal = { ...agent, claims: { team: 'finance' } };
  const task = await openTask(ports, orchestrator, opening);
  const asking = {
    task: task.id,
    credential: 'pretend-entry',
    parameters: {},
    ttlSeconds: 60,
    tool: 'read',
    reason: 'Q3',
  };

  const { lease } = await grant(ports, principal, asking);
  await renew(ports, principal, { lease: lease.id, ttlSeconds: 120 });
  provider.failing = { renew: new Fault('provider.refused', 'no') };
  await quietly(renew(ports, principal, { lease: lease.id, ttlSeconds: 180 }));
  provider.failing = { issue: new Fault('provider.refused', 'no') };
  await quietly(grant(ports, principal, asking));
  provider.failing = {};
  const denying = {
    ...ports,
    policy: () =>
      policyOf([entry('pretend')], () => ({ is: 'deny' as const, because: ['never'], errors: [] }), 'd2'),
  };
  await quietly(grant(denying, principal, asking));
  await quietly(renew(denying, principal, { lease: lease.id, ttlSeconds: 180 }));
  provider.failing = { revoke: new Fault('provider.timeout', 'slow') };
  await revokeLease(ports, admin, lease.id, 'no longer needed');
  await settled().catch(() => {});
  provider.failing = {};
  await endTask(ports, admin, task.id, 'completed');
  // The breaker would hold it back for a while.
  await revoke({ ...ports, breakers: { ...ports.breakers, revoking: openBreaker() } }, lease.id);
  await settled().catch(() => {});
  for (const event of rare) await ledger.log.record(event);
  const { items } = await ledger.log.read({ pageSize: 500 });
  return { ledger, records: items, lease: lease.id, task: task.id };
}
