import { approvalLimits, approvalSettings } from '../../src/approval/approval-settings.js';
import type { ApprovalSettings } from '../../src/approval/approval-settings.js';
import type { AuditEvent } from '../../src/audit/event.js';
import { grantOrAsk } from '../../src/broker/ask-person.js';
import type { CredentialRequest, Grant } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Approval } from '../../src/approval/approval.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import type { Ask, Decision, Policy } from '../../src/policy/decision.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { agent, brokerPorts, entry, permitting } from './broker-ports.js';
import { pretendProvider } from './pretend-provider.js';
import type { PretendProvider } from './pretend-provider.js';

const operator = (name: string, over: Partial<Principal> = {}): Principal => ({
  ...agent,
  id: `operator:${name}`,
  kind: 'operator',
  roles: ['viewer', 'approver'],
  claims: { email: `${name}@example.com` },
  ...over,
});
export const ann = operator('ann');
export const bob = operator('bob');
export const carol = operator('carol');

/** Asks for a person named by `approvers`, and permits what was approved. */
export const asking =
  (over: Partial<Extract<Decision, { is: 'ask' }>> = {}) =>
  (ask: Ask): Decision =>
    ask.approved ? permitting() : { is: 'ask', approvers: ['approver'], because: ['risky'], ...over };

export interface Asking {
  readonly ledger: Ledger;
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly provider: PretendProvider;
  readonly ports: Ports;
  /** Of a task that is open for an hour. */
  readonly task: string;
  /** Replaces the policy in force. */
  setPolicy(decide: (ask: Ask) => Decision, digest?: string): void;
  ask(over?: Partial<CredentialRequest>, who?: Principal, key?: string): Promise<Approval>;
  use(approval: string, over?: Partial<CredentialRequest>, who?: Principal, key?: string): Promise<Grant>;
  events(): Promise<readonly AuditEvent[]>;
}

export interface Setting {
  readonly settings?: Partial<ApprovalSettings>;
  readonly entry?: Partial<CatalogEntry>;
  readonly task?: { readonly onBehalfOf?: string };
  readonly provider?: PretendProvider;
  readonly ports?: Partial<Ports>;
}

/** A broker whose policy wants a person to look at everything, on a ledger of its own. */
export async function askingBroker(setting: Setting = {}): Promise<Asking> {
  const prefix = uniquePrefix();
  const redis = await connected(backends[0]!.url);
  const ledger = redisLedger(redis, { prefix });
  const provider = setting.provider ?? pretendProvider();
  const catalog = [entry('pretend', { ...folders, ...setting.entry })];
  const policyOf = (decide: (ask: Ask) => Decision, digest: string): Policy => ({
    digest,
    catalog: new Map(catalog.map((each) => [each.name, each])),
    decide,
  });
  let policy = policyOf(asking(), 'd1');
  const { ports } = brokerPorts(ledger, [provider], { policy: () => policy, ...setting.ports });
  const approvals = approvalLimits({ ...approvalSettings.parse({}), ...setting.settings });
  const all: Ports = { ...ports, limits: { ...ports.limits, approvals } };
  const opened = await openTask(all, agent, {
    intent: 'look at reports',
    deadlineAt: Date.now() + 3_600_000,
    labels: { team: 'finance' },
    ...setting.task,
  });
  const request = (over: Partial<CredentialRequest> = {}): CredentialRequest => ({
    task: opened.id,
    credential: 'pretend-entry',
    parameters: { prefix: 'reports/' },
    ttlSeconds: 600,
    reason: 'quarterly totals',
    ...over,
  });
  return {
    ...{ ledger, redis, prefix },
    provider,
    ports: all,
    task: opened.id,
    setPolicy: (decide, digest = 'd2') => void (policy = policyOf(decide, digest)),
    async ask(over, who = agent, key) {
      const answer = await grantOrAsk(all, who, request(over), key);
      if ('approval' in answer) return answer.approval;
      throw new Error('nobody was asked');
    },
    async use(approval, over, who = agent, key) {
      const answer = await grantOrAsk(all, who, request({ ...over, approval }), key);
      if ('lease' in answer) return answer;
      throw new Error('a person was asked');
    },
    events: async () => (await ledger.log.read({ pageSize: 500 })).items.map(({ event }) => event),
  };
}

const folders: Partial<CatalogEntry> = {
  parameters: {
    prefix: { type: 'path', within: 'reports/', default: 'reports/' },
    months: { type: 'set', values: ['01', '02', '03'], default: ['01', '02', '03'] },
  },
};
