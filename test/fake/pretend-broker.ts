import type { Agent, Broker, CredentialRequest, OpenTask } from '../../src/broker/broker.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Clock } from '../../src/kernel/clock.js';
import { SetRefused } from '../../src/identity/signals/set-refused.js';
import { Fault } from '../../src/kernel/fault.js';
import { newLeaseId, newStepId, newTaskId } from '../../src/kernel/id.js';
import { Secret } from '../../src/kernel/secret.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Progress, Scope, Withdrawal } from '../../src/revocation/withdrawal.js';
import type { Task } from '../../src/task/task.js';
import { pendingApproval, pretendApprovals } from './pretend-approvals.js';
import { entry } from './pretend-entry.js';

export const agentToken = 'agent.token.for-tests';
export const operatorToken = 'operator.token.for-tests';

const principalOf = (id: string, kind: Principal['kind']): Principal => ({
  id,
  kind,
  issuer: 'https://issuer.test',
  roles: kind === 'operator' ? ['viewer', 'admin'] : [],
  claims: {},
  proofExpiresAt: Number.MAX_SAFE_INTEGER,
});

export const agent = principalOf('spiffe://test/agent', 'agent');

const principals: Record<string, Principal> = {
  [agentToken]: agent,
  [operatorToken]: principalOf('ops@test', 'operator'),
};

export interface PretendBroker extends Broker {
  /** The arguments of every call, by verb. */
  readonly calls: { readonly verb: string; readonly arguments: readonly unknown[] }[];
  readonly tasks: Map<string, Task>;
  readonly leases: Map<string, Lease>;
}

/** A broker in memory, as small as answers of every kind allow. `instead` replaces single verbs. */
export function pretendBroker(clock: Clock, instead: Partial<Broker> = {}): PretendBroker {
  const tasks = new Map<string, Task>();
  const leases = new Map<string, Lease>();
  const calls: PretendBroker['calls'] = [];

  const taskOf = (id: string): Task => {
    const task = tasks.get(id);
    if (!task) throw new Fault('task.unknown', 'There is no task of this id.');
    return task;
  };
  const leaseOf = (id: string): Lease => {
    const lease = leases.get(id);
    if (!lease) throw new Fault('lease.unknown', 'There is no lease of this id.');
    return lease;
  };
  const leasesOf = (task: string) => [...leases.values()].filter((lease) => lease.taskId === task);
  const revoking = (lease: Lease, cause: 'task_end' | 'operator'): Lease => {
    const next: Lease = { ...lease, state: 'revoking', cause, revocationRequestedAt: clock() };
    leases.set(lease.id, next);
    return next;
  };

  const open = (principal: Principal, request: OpenTask): Task => {
    const { deadlineAt, agent = principal.id, ...rest } = request;
    const task: Task = {
      ...rest,
      id: newTaskId(),
      agent,
      openedBy: principal.id,
      openedAt: clock(),
      deadlineAt,
      state: 'open',
    };
    tasks.set(task.id, task);
    return task;
  };
  const end = (id: string, by: string, outcome: 'completed' | 'failed' | 'cancelled'): Task => {
    const task: Task = { ...taskOf(id), state: 'ended', endedAt: clock(), endedBy: by, outcome };
    tasks.set(id, task);
    for (const lease of leasesOf(id)) revoking(lease, 'task_end');
    return task;
  };
  const lend = (request: CredentialRequest): Lease => {
    const task = taskOf(request.task);
    if (task.state !== 'open') throw new Fault('task.ended', 'The task has ended.');
    if (request.credential !== entry.name) throw new Fault('credential.unknown', 'There is no such entry.');
    const lease: Lease = {
      id: newLeaseId(task.id),
      taskId: task.id,
      agent: task.agent,
      entry: entry.name,
      provider: entry.provider,
      parameters: { prefix: 'reports/2030', limit: 3, months: ['2030-01'] },
      ...(request.tool !== undefined && { tool: request.tool }),
      ...(request.reason !== undefined && { reason: request.reason }),
      handle: { sessionName: 'kept-to-itself' },
      effect: 'expires_only',
      state: 'active',
      reservedAt: clock(),
      ceilingAt: clock() + entry.maximumTtlSeconds * 1000,
      expiresAt: clock() + (request.ttlSeconds ?? entry.defaultTtlSeconds) * 1000,
      attempts: 0,
    };
    leases.set(lease.id, lease);
    return lease;
  };

  const many = (scope: Scope): Withdrawal & Progress => ({
    ...{
      id: 'rev_00000000',
      what: 'revoke',
      scope,
      cause: 'kill_switch',
      by: 'ops@test',
      reason: 'a reason',
    },
    ...{ begunAt: clock(), sweptAt: clock(), total: 1, revoked: 1, expired: 0, stuck: 0, pending: 0 },
  });
  const described = (id: string): Agent => ({ id, status: 'enabled', liveLeases: 0, risk: 'none' });

  const verbs: Broker = {
    isStillProven: (principal) => clock() < principal.proofExpiresAt,

    async identify(token) {
      const principal = principals[token ?? ''];
      if (principal) return principal;
      throw new Fault('identity.unproven', 'The signature of this token is wrong.', {
        reason: 'bad signature',
      });
    },
    catalog: () => [entry],
    openTask: async (principal, request) => open(principal, request),
    findTask: async (_principal, id) => taskOf(id),
    listTasks: async (_principal, { pageSize }) => ({
      items: [...tasks.values()].slice(0, pageSize),
      ...(tasks.size > pageSize && { nextPageToken: 'bmV4dA' }),
    }),
    endTask: async (principal, id, outcome) => end(id, principal.id, outcome),
    delegate: async (principal, { parent, scope, approval: _named, ...request }) => {
      taskOf(parent);
      const task = { ...open(principal, { ...request, labels: {} }), parent, scope, actors: [principal] };
      tasks.set(task.id, task);
      return task;
    },
    evaluate: async (_principal, { resource }) =>
      resource.id === entry.name
        ? { decision: true, id: 'req_pretended', reason: 'permit', because: ['reads-are-free'] }
        : { decision: false, reason: 'credential.unknown', because: [] },
    takeStep: async (principal, { task, tool }) => ({
      id: newStepId(taskOf(task).id),
      taskId: task,
      agent: principal.id,
      tool,
      kind: 'read',
      decision: 'permit',
      because: ['reads-are-free'],
      decidedAt: clock(),
    }),
    listSteps: async (_principal, task) => (taskOf(task), []),
    grant: async (_principal, request) => ({
      lease: lend(request),
      secret: new Secret({ AccessKeyId: 'pretended', SecretAccessKey: 'pretended' }),
    }),
    grantOrAsk: (principal, request, key) => noted.grant(principal, request, key),
    approvals: pretendApprovals(clock),
    emergency: {
      take: async () => ({ approval: pendingApproval(clock()) }),
      list: async () => ({ items: [] }),
      review: async () => {
        throw new Fault('breakglass.unknown', 'There is no such emergency.');
      },
    },
    renew: async (_principal, request) => {
      const lease = leaseOf(request.lease);
      const expiresAt = clock() + (request.ttlSeconds ?? entry.defaultTtlSeconds) * 1000;
      const renewed = { ...lease, expiresAt, renewedAt: clock(), renewals: (lease.renewals ?? 0) + 1 };
      leases.set(lease.id, renewed);
      return { lease: renewed };
    },
    findLease: async (_principal, id) => leaseOf(id),
    listLeases: async () => ({ items: [...leases.values()] }),
    tasksOf: async () => [...tasks.values()],
    revokeLease: async (_principal, id) => revoking(leaseOf(id), 'operator'),
    async blastRadius(_principal, { of, name }) {
      const found = leasesOf(name);
      if (of === 'task') taskOf(name);
      const count = { aws: found.length };
      return {
        total: found.length,
        byProvider: count,
        byEntry: {},
        byAgent: {},
        byEffect: {},
        leases: found,
        approvals: 0,
      };
    },
    async revokeMany(principal, { scope, reason, block }) {
      if (scope.of === 'task') end(scope.name, principal.id, 'cancelled');
      const stands = { id: 'blk_00000000', scope, by: principal.id, reason, at: clock() };
      return {
        revocation: { ...many(scope), reason },
        ...(block && scope.of !== 'task' && { block: stands }),
      };
    },
    findRevocation: async () => many({ of: 'all', name: '' }),
    listRevocations: async () => ({ items: [many({ of: 'all', name: '' })] }),
    listBlocks: async () => [],
    liftBlock: async (principal, id, reason) => ({
      id,
      scope: { of: 'all', name: '' },
      by: principal.id,
      reason,
      at: clock(),
    }),
    listAgents: async () => ({ items: [described(agent.id)] }),
    findAgent: async (_principal, id) => described(id),
    disableAgent: async (_principal, id) => ({ ...described(id), status: 'disabled' }),
    enableAgent: async (_principal, id) => described(id),
    signalAgent: async (principal, id, signal) => ({
      ...described(id),
      risk: signal.level,
      signal: { ...signal, by: principal.id, at: clock() },
    }),
    readAudit: async () => ({
      items: [
        {
          chain: 'chn_0123456789abcdef',
          seq: 1,
          id: '1893456000000-0',
          at: clock(),
          event: { type: 'identity.refused', reason: 'expired', count: 1 },
          previous: '0'.repeat(64),
          hash: 'a'.repeat(64),
        },
      ],
    }),
    watch: async (_principal, from = '0-0') => ({ from, close() {} }),
    overview: async () => ({
      at: clock(),
      leases: [],
      overdue: [],
      quarantined: 0,
      course: {
        from: 0,
        stepMs: 30_000,
        wholeFrom: 0,
        live: [],
        issued: [],
        revoked: [],
        lagP50Ms: [],
        lagP99Ms: [],
      },
    }),
    listCheckpoints: async () => ({ items: [{ seq: 1, at: clock(), jws: 'e30.e30.e30' }] }),
    auditKeys: () => ({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'eA', kid: 'k1', alg: 'EdDSA', use: 'sig' }],
    }),
    async receiveHook(source, { rawBody }) {
      if (source !== 'orchestrator')
        throw new Fault('hook.unknown', 'There is no webhook source of this name.');
      const { task } = JSON.parse(rawBody.toString()) as { task?: string };
      if (task === undefined) return { effect: 'ignored' };
      const already = taskOf(task).state === 'ended';
      if (!already) end(task, `hook:${source}`, 'completed');
      return { task, effect: already ? 'already' : 'ended' };
    },
    async receiveSignal(_stream, token) {
      if (token !== 'good')
        throw new SetRefused('invalid_key', 'It is not signed by a key of the transmitter.');
    },
    ready: async () => ({ ready: true, checks: [{ name: 'state', ok: true }] }),
    ...instead,
  };

  const noted = Object.fromEntries(
    Object.entries(verbs).map(([verb, act]: [string, (...all: never[]) => unknown]) => [
      verb,
      (...all: never[]) => {
        calls.push({ verb, arguments: all });
        return act(...all);
      },
    ]),
  ) as unknown as Broker;
  return { ...noted, approvals: verbs.approvals, emergency: verbs.emergency, calls, tasks, leases };
}
