import type { Approval } from '../approval/approval.js';
import type { BreakGlass, Review } from '../approval/break-glass.js';
import type { CheckpointSigner, SignedCheckpoint } from '../audit/checkpoint.js';
import type { AuditRecord } from '../audit/event.js';
import type { ApproverView } from '../approval/approver-view.js';
import type { Delivery } from '../identity/hooks/delivery.js';
import type { Identify, Principal } from '../identity/principal.js';
import type { RiskSignal } from '../identity/risk.js';
import type { Cause } from '../kernel/cause.js';
import type { RiskLevel } from '../kernel/risk-levels.js';
import type { PublicKey } from '../issuance/sealing/public-key.js';
import type { Secret } from '../kernel/secret.js';
import type { Lease } from '../lease/lease.js';
import type { ApprovalQuery } from '../ledger/approval-ledger.js';
import type { AuditQuery, LeaseQuery, Page, PageQuery } from '../ledger/ledger.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { Obligation } from '../policy/decision.js';
import type { Block, Progress, Scope, Withdrawal } from '../revocation/withdrawal.js';
import type { TaskScope } from '../task/scope.js';
import type { Step } from '../task/step.js';
import type { Task, TaskOutcome } from '../task/task.js';
import type { LiveMessage, Watching } from './live-feed.js';
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
  /** The secret is encrypted to this key. */
  readonly encryptTo?: PublicKey;
  readonly tool?: string;
  /** A permitted step of the task; goes with its tool. */
  readonly step?: string;
  readonly reason?: string;
  /** The approval that it is now asked by. */
  readonly approval?: string;
}

export interface SubtaskRequest {
  readonly parent: string;
  readonly intent: string;
  readonly agent: string;
  readonly deadlineAt: number;
  readonly deadlineInSeconds?: number;
  readonly scope: TaskScope;
  /** The approval that a person has given for exactly this. */
  readonly approval?: string;
}

interface Named {
  readonly type: string;
  readonly id: string;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** AuthZEN 1.0 section 6. */
export interface EvaluationRequest {
  readonly subject: Named;
  readonly action: {
    readonly name: string;
    readonly properties?: Readonly<Record<string, unknown>> | undefined;
  };
  readonly resource: Named;
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface Evaluation {
  readonly decision: boolean;
  /** Absent where it was no matter of policy. */
  readonly id?: string;
  /** `permit`, or the code of what stands against it. */
  readonly reason: string;
  readonly because: readonly string[];
  readonly obligations?: readonly Obligation[];
}

export interface StepRequest {
  readonly task: string;
  readonly tool: string;
  /** The agent's own words, as are the others below. */
  readonly target?: string;
  readonly dataClass?: string;
  readonly reason?: string;
  /** The approval that a person has given for exactly this call. */
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
  readonly encryptTo?: PublicKey;
  readonly reason?: string;
}

export interface Renewal {
  readonly lease: Lease;
  /** There when the agent needs another secret from now on. */
  readonly secret?: Grant['secret'];
}

/** How many leases a scope reaches, and of what; `leases` are some of them. And how many `approvals`: asked, or unused. */
export interface BlastRadius {
  readonly total: number;
  readonly byProvider: Readonly<Record<string, number>>;
  readonly byEntry: Readonly<Record<string, number>>;
  readonly byAgent: Readonly<Record<string, number>>;
  readonly byEffect: Readonly<Record<string, number>>;
  readonly leases: readonly Lease[];
  readonly approvals: number;
}

export interface RevokeMany {
  readonly scope: Scope;
  readonly reason: string;
  /** Whether nothing of the scope is issued from then on; a task is ended instead. */
  readonly block: boolean;
}

/** What was written down: the block holds already, and the worker takes the leases back. */
export interface BegunRevocation {
  readonly revocation: Withdrawal & Progress;
  readonly block?: Block;
}

export interface Agent {
  readonly id: string;
  readonly owner?: string;
  readonly purpose?: string;
  /** Where its token came from; absent until it asked for a credential. */
  readonly issuer?: string;
  readonly status: 'enabled' | 'disabled' | 'blocked' | 'ownerless';
  readonly disabled?: Block;
  /** Kill switches that it is in the reach of by itself: its own, of its owner, of its issuer, of all. */
  readonly blockedBy?: readonly Block[];
  readonly lastSeenAt?: number;
  readonly liveLeases: number;
  readonly risk: RiskLevel;
  readonly signal?: RiskSignal;
}

export interface NewSignal {
  readonly level: RiskLevel;
  readonly reason: string;
  readonly endsAt?: number;
}

/** `nextAttemptAt`: when taking it back is tried next, at the latest; for operators, while it is being taken back. */
export type ShownLease = Lease & { readonly nextAttemptAt?: number };

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
  /** Whether what a principal was identified by still holds: not expired, and its sessions were not ended since. */
  isStillProven(principal: Principal): boolean;
  catalog(principal: Principal): readonly CatalogEntry[];
  openTask(principal: Principal, request: OpenTask, idempotencyKey?: string): Promise<Task>;
  findTask(principal: Principal, id: string): Promise<Task>;
  listTasks(principal: Principal, query: PageQuery & { readonly agent?: string }): Promise<Page<Task>>;
  endTask(principal: Principal, id: string, outcome: TaskOutcome): Promise<Task>;
  /** The sub-task; or, where policy wants a person to look first, the question to that person. */
  delegate(
    principal: Principal,
    request: SubtaskRequest,
    idempotencyKey?: string,
  ): Promise<Task | AwaitingApproval>;
  /** Issues nothing. */
  evaluate(principal: Principal, request: EvaluationRequest): Promise<Evaluation>;
  takeStep(principal: Principal, request: StepRequest, idempotencyKey?: string): Promise<Step>;
  listSteps(principal: Principal, taskId: string): Promise<readonly Step[]>;
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
  findLease(principal: Principal, id: string): Promise<ShownLease>;
  listLeases(principal: Principal, query: LeaseQuery): Promise<Page<Lease>>;
  /** The tasks of these leases, which this principal was shown. */
  tasksOf(principal: Principal, leases: readonly Lease[]): Promise<readonly Task[]>;
  revokeLease(principal: Principal, id: string, reason?: string): Promise<Lease>;
  /** What revoking a scope would end: nothing is changed. */
  blastRadius(principal: Principal, scope: Scope): Promise<BlastRadius>;
  revokeMany(principal: Principal, request: RevokeMany): Promise<BegunRevocation>;
  findRevocation(principal: Principal, id: string): Promise<Withdrawal & Progress>;
  listRevocations(principal: Principal, query: PageQuery): Promise<Page<Withdrawal & Progress>>;
  listBlocks(principal: Principal): Promise<readonly Block[]>;
  liftBlock(principal: Principal, id: string, reason: string): Promise<Block>;
  listAgents(principal: Principal, query: PageQuery): Promise<Page<Agent>>;
  findAgent(principal: Principal, id: string): Promise<Agent>;
  disableAgent(principal: Principal, id: string, reason: string): Promise<Agent>;
  enableAgent(principal: Principal, id: string, reason: string): Promise<Agent>;
  signalAgent(principal: Principal, id: string, signal: NewSignal): Promise<Agent>;
  /** What happens from now on, or from behind the event `from`. The listener is called until it is closed. */
  watch(
    principal: Principal,
    from: string | undefined,
    listener: (message: LiveMessage) => void,
  ): Promise<Watching>;
  overview(principal: Principal): Promise<Overview>;
  readAudit(principal: Principal, query: AuditQuery): Promise<Page<AuditRecord>>;
  listCheckpoints(principal: Principal, query: PageQuery): Promise<Page<SignedCheckpoint>>;
  /** What checkpoints are verified with; for everyone. */
  auditKeys(): CheckpointSigner['keys'];
  /** A task-end webhook, raw as it came. Returns when its effect is durable. */
  receiveHook(
    source: string,
    delivery: Delivery,
  ): Promise<{ task?: string; tasks?: readonly string[]; effect: 'ended' | 'already' | 'ignored' }>;
  /** A security event token as it came. Returns when its effect is durable; throws SetRefused. */
  receiveSignal(stream: string, token: string, call?: Cause): Promise<void>;
  ready(): Promise<Readiness>;
}
