import type { Approval } from '../approval/approval.js';
import type { BreakGlass, Review } from '../approval/break-glass.js';
import type { AuditRecord } from '../audit/event.js';
import type { ApproverView } from '../approval/approver-view.js';
import type { Delivery } from '../identity/hooks/delivery.js';
import type { Identify, Principal } from '../identity/principal.js';
import type { Secret } from '../kernel/secret.js';
import type { Lease } from '../lease/lease.js';
import type { ApprovalQuery } from '../ledger/approval-ledger.js';
import type { LeaseQuery, Page, PageQuery } from '../ledger/ledger.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { Task, TaskOutcome } from '../task/task.js';
import type { LiveMessage } from './live-feed.js';
import type { Overview } from './overview.js';

export interface OpenTask {
  readonly intent: string;
  readonly deadlineAt: number;
  /** When it was asked for as a time from now: a retry says the same, and its `deadlineAt` is another. */
  readonly deadlineInSeconds?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly onBehalfOf?: string;
  readonly run?: string;
  /** The agent the task is for, when an orchestrator opens it. */
  readonly agent?: string;
  readonly tools?: readonly string[];
}

export interface CredentialRequest {
  readonly task: string;
  readonly credential: string;
  /** Untrusted: parsed against the entry's rules. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly ttlSeconds?: number;
  readonly tool?: string;
  readonly reason?: string;
  /** The approval that it is now asked by. */
  readonly approval?: string;
}

/** Nothing is issued yet: a person has been asked. */
export interface AwaitingApproval {
  readonly approval: Approval;
}

export interface Grant {
  readonly lease: Lease;
  readonly secret: Secret<Readonly<Record<string, unknown>>>;
}

export interface RenewalRequest {
  readonly lease: string;
  /** From now on; the entry's default when absent, and then no renewal shortens. */
  readonly ttlSeconds?: number;
  readonly reason?: string;
}

export interface Renewal {
  readonly lease: Lease;
  /** There when the agent needs another secret from now on. */
  readonly secret?: Grant['secret'];
}

/** What revoking by a query would end, or has begun to end. */
export interface BlastRadius {
  readonly leases: readonly Lease[];
  readonly dryRun: boolean;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

/** What can be done about approvals. */
export interface ApprovalVerbs {
  list(principal: Principal, query: ApprovalQuery): Promise<Page<Approval>>;
  find(principal: Principal, id: string): Promise<Approval>;
  /** What an approver sees beside it; undefined for anyone else. */
  view(principal: Principal, approval: Approval): Promise<ApproverView | undefined>;
  /** As `find`, but it may wait for an answer: until then, or until nobody waits any more. */
  await(principal: Principal, id: string, waitMs: number, gone: () => boolean): Promise<Approval>;
  decide(principal: Principal, id: string, answer: NewAnswer): Promise<Approval>;
  cancel(principal: Principal, id: string, reason?: string): Promise<Approval>;
  /** Takes back what was given; the lease that it was used for goes with it. */
  revoke(principal: Principal, id: string, reason: string): Promise<Approval>;
}

export interface BreakGlassRequest {
  readonly credential: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly ttlSeconds?: number;
  readonly reason: string;
  readonly ticket: string;
  readonly approval?: string;
}

export interface EmergencyGrant extends Grant {
  readonly breakGlass: BreakGlass;
}

export type NewReview = Pick<Review, 'outcome' | 'note'>;

/** What an operator does in an emergency, and another afterwards. */
export interface EmergencyVerbs {
  take(principal: Principal, request: BreakGlassRequest): Promise<EmergencyGrant | AwaitingApproval>;
  list(principal: Principal, query: PageQuery): Promise<Page<BreakGlass>>;
  review(principal: Principal, id: string, review: NewReview): Promise<BreakGlass>;
}

/** A person's answer, as it is sent. */
export interface NewAnswer {
  readonly is: 'approve' | 'deny';
  readonly reason?: string;
  /** The digest that the person saw; another one is refused. */
  readonly digest?: string;
  readonly ttlSeconds?: number;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** The verbs of the product. Every one may throw a Fault; nothing else that it throws may reach a caller. */
export interface Broker {
  readonly identify: Identify;
  catalog(principal: Principal): readonly CatalogEntry[];
  openTask(principal: Principal, request: OpenTask, idempotencyKey?: string): Promise<Task>;
  findTask(principal: Principal, id: string): Promise<Task>;
  listTasks(principal: Principal, query: PageQuery & { readonly agent?: string }): Promise<Page<Task>>;
  endTask(principal: Principal, id: string, outcome: TaskOutcome): Promise<Task>;
  grant(principal: Principal, request: CredentialRequest, idempotencyKey?: string): Promise<Grant>;
  /** A grant; or, where policy wants a person to look first, the question to that person. */
  grantOrAsk(
    principal: Principal,
    request: CredentialRequest,
    idempotencyKey?: string,
  ): Promise<Grant | AwaitingApproval>;
  readonly approvals: ApprovalVerbs;
  readonly emergency: EmergencyVerbs;
  renew(principal: Principal, request: RenewalRequest, idempotencyKey?: string): Promise<Renewal>;
  findLease(principal: Principal, id: string): Promise<Lease>;
  listLeases(principal: Principal, query: LeaseQuery): Promise<Page<Lease>>;
  /** The tasks of these leases, which this principal was shown. */
  tasksOf(principal: Principal, leases: readonly Lease[]): Promise<readonly Task[]>;
  revokeLease(principal: Principal, id: string, reason?: string): Promise<Lease>;
  revokeTask(
    principal: Principal,
    taskId: string,
    options: { dryRun: boolean; reason?: string },
  ): Promise<BlastRadius>;
  readAudit(
    principal: Principal,
    query: PageQuery & { readonly subject?: string },
  ): Promise<Page<AuditRecord>>;
  /** What happens from now on, or from behind the event `from`. The listener is called until it is closed. */
  watch(
    principal: Principal,
    from: string | undefined,
    listener: (message: LiveMessage) => void,
  ): Promise<{ readonly close: () => void }>;
  overview(principal: Principal): Promise<Overview>;
  /** A task-end webhook, raw as it came. Returns when its effect is durable. */
  receiveHook(
    source: string,
    delivery: Delivery,
  ): Promise<{ task?: string; tasks?: readonly string[]; effect: 'ended' | 'already' | 'ignored' }>;
  ready(): Promise<Readiness>;
}
