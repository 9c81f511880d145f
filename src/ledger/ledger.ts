import type { Cause } from '../kernel/cause.js';
import type { SignedCheckpoint } from '../audit/checkpoint.js';
import type { AuditEvent, AuditRecord } from '../audit/event.js';
import type { ProofStore } from '../identity/dpop/proof-store.js';
import type { Clock } from '../kernel/clock.js';
import type { Principal } from '../identity/principal.js';
import type { Handle, RevocationEffect } from '../issuance/provider.js';
import type { SharedState } from '../issuance/world.js';
import type { Lease, LeaseState, NewLease, RevocationCause } from '../lease/lease.js';
import type { Rate } from '../policy/rate.js';
import type { Settlement } from '../revocation/settlement.js';
import type { AgentLedger, SeenAs } from './agent-ledger.js';
import type { ApprovalLedger } from './approval-ledger.js';
import type { BreakGlassLedger } from './break-glass-ledger.js';
import type { DelegationLedger } from './delegation-ledger.js';
import type { Mark } from './mark.js';
import type { Stops } from './stops.js';
import type { NoticeLedger } from './notice-ledger.js';
import type { Page, PageQuery } from './page.js';
import type { RenewalLedger } from './renewal-ledger.js';
import type { StepLedger } from './step-ledger.js';
import type { WithdrawalLedger } from './withdrawal-ledger.js';
import type { NewTask, Task, TaskOutcome } from '../task/task.js';

export type { Page, PageQuery };

export interface Idempotency {
  /** The caller's Idempotency-Key, already scoped to its principal. */
  readonly key: string;
  /** Digest of the request, to tell a retry from another request under the same key. */
  readonly digest: string;
}

export interface TaskEnd {
  readonly outcome: TaskOutcome;
  readonly by: string;
  /** What said so: `call`, or `hook:<source>`. */
  readonly via: string;
  /** Why, in the words of who ended it. */
  readonly reason?: string;
}

export interface EndedTask {
  readonly task: Task;
  readonly alreadyEnded: boolean;
  /** Tasks below it that were ended with it. */
  readonly subtasks: readonly string[];
  /** How many approvals were taken back with it. */
  readonly questions: number;
  /** Providers whose index of due leases has grown by this. */
  readonly providers: readonly string[];
}

/** Tasks. Every write also writes its audit event, in the same atomic step, on the ledger's own clock. */
export interface TaskLedger {
  /**
   * A repeated key returns the task that it opened; a repeated key with another digest throws `idempotency.reused`.
   * Undefined when the id is taken: try another. `rate` is that of the task's agent; throws quota.task_rate.
   */
  open(task: NewTask, idempotency?: Idempotency, rate?: Rate): Promise<Task | undefined>;
  /** Ids of all tasks below it, however far. */
  below(id: string): Promise<readonly string[]>;
  /** Of the task and all below it those that have live leases. */
  holding(id: string): Promise<readonly string[]>;
  find(id: string): Promise<Task | undefined>;
  /**
   * As found before, without asking the store again: good for what never changes (intent, owner, deadline). It may
   * have ended since; the reservation decides on that.
   */
  recall(id: string): Promise<Task | undefined>;
  list(query: PageQuery & { readonly agent?: string }): Promise<Page<Task>>;
  /** Ids of the tasks that were opened for the run, 256 at most of each opener; some may have ended, or be gone. */
  ofRun(run: string): Promise<readonly string[]>;
  /**
   * The fence (I4) of the task and of every task below it: from its return on no lease of them can be reserved or activated, and every lease it has is
   * due for revocation. Ending twice is ending once. Undefined when there is no such task.
   */
  end(id: string, end: TaskEnd): Promise<EndedTask | undefined>;
}

export interface LeaseQuery extends PageQuery {
  readonly state?: LeaseState;
  readonly task?: string;
  readonly agent?: string;
  readonly provider?: string;
  readonly entry?: string;
  readonly effect?: RevocationEffect;
}

/**
 * What the store must hold; and the most leases that may be live at once, those being revoked included;
 * undefined is without bound.
 */
export interface Conditions {
  readonly mustHold?: string | undefined;
  /** Who asks, for blocks and for when the lease is looked at again; `owner` is '' where nobody is. */
  readonly asking?: ({ readonly principal: Principal } & Pick<SeenAs, 'owner' | 'provedAt'>) | undefined;
  readonly ofAgent?: number | undefined;
  readonly ofEntry?: number | undefined;
  readonly ofTask?: number | undefined;
  /** Of the task and all others of its tree. */
  readonly ofTree?: number | undefined;
  readonly inAll?: number | undefined;
  /** The count of the tool chain that was decided on; with another one the reservation throws ChainMoved. */
  readonly chain?: number | undefined;
  /** The permitted step of this task that the lease is for; throws step.unknown when there is none for this tool. */
  readonly step?: { readonly id: string; readonly tool: string } | undefined;
  /** How fast leases may be reserved; all have to let one pass before any counts it. */
  readonly rates?: readonly (readonly [QuotaOf, Rate])[] | undefined;
  /** An approval that is used for it, once, by this very step; its digest has to be that of the request. */
  readonly approval?: { readonly id: string; readonly digest: string } | undefined;
}

export type QuotaOf = 'agent' | 'task' | 'entry';

/** A store that has gone back may have forgotten renewals: what they may have carried on is not taken for expired. */
export interface StoreDoubt {
  readonly hasGoneBack: boolean;
}

export interface Claim {
  readonly leaseIds: readonly string[];
  /** When the next is due, undefined when there is none; on the ledger's clock, as is `now`. */
  readonly nextDueAt: number | undefined;
  readonly now: number;
}

/** Leases. Every write also writes its audit event, in the same atomic step, on the ledger's own clock. */
export interface LeaseLedger {
  /**
   * Durable, with handle and end, before anything is minted. Decided in one step with the fence of its task: throws
   * task.unknown, task.ended, idempotency.reused, idempotency.in_flight, lease.limit, task.full,
   * quota.issue_rate, state.rolled_back, agent.disabled, issuing.blocked. A retried request supersedes the lease it left
   * behind.
   */
  reserve(
    lease: NewLease,
    event: AuditEvent & { type: 'lease.reserved' },
    idempotency?: Idempotency,
    conditions?: Conditions,
  ): Promise<Lease>;
  /** Replaces the handle while minting. Throws provider.timeout when the lease is over: nobody would come for it. */
  learn(lease: Lease, handle: Handle): Promise<void>;
  /**
   * From its return on the secret may be handed over. Undefined, with the revocation seen to, when the task or the
   * lease was ended meanwhile: then it may not.
   */
  activate(
    lease: Lease,
    minted: { readonly expiresAt: number | undefined; readonly effect: RevocationEffect },
  ): Promise<Lease | undefined>;
  /** Minting failed: whatever may exist is due for revocation now. `settled`: nothing more can come of it. */
  abandon(id: string, fault: string, settled: boolean): Promise<void>;
  find(id: string): Promise<Lease | undefined>;
  list(query: LeaseQuery): Promise<Page<Lease>>;
  /** Makes it due for revocation now. Undefined when there is no such lease; a lease that is over stays as it is. */
  revoke(id: string, cause: RevocationCause, by: string, reason?: string): Promise<Lease | undefined>;
  /** Takes what is due, and hides it from other claims for a while. */
  claimDue(provider: string, limit: number, store?: StoreDoubt): Promise<Claim>;
  /** How many records were put aside because they cannot be read; nobody revokes those. */
  quarantined(): Promise<number>;
  /**
   * Looks at the leases of some tasks, the latest first or from where the call before ended (`next`, undefined when all
   * were looked at), and makes due again what is not over and is missing from the index of due leases.
   */
  mendIndex(atOnce: number, from?: number): Promise<{ next: number | undefined; mended: readonly string[] }>;
  /** Makes due again what can be read again; returns the providers of it. */
  readAgain(limit: number): Promise<readonly string[]>;
  /** How each of these leases stands; a record that cannot be read is live until it is due. */
  stand(ids: readonly string[]): Promise<readonly ('live' | 'over' | 'quarantined' | 'unknown')[]>;
  /** What the lease became by it; undefined when it was over before, or is not known. */
  settle(id: string, settlement: Settlement): Promise<Lease | undefined>;
  /** Providers that have leases not yet over, configured or not. */
  providers(): Promise<readonly string[]>;
  /** When a lease of the provider is due, as long as it is not over; while it is worked on, when that is given up. */
  dueAt(provider: string, id: string): Promise<number | undefined>;
  /** Milliseconds by which the oldest due lease of the provider is late; 0 when none is. */
  overdueMs(provider: string): Promise<number>;
  /** Leases not yet over, by provider and state. */
  counts(): Promise<readonly { provider: string; state: LeaseState; count: number }[]>;
}

export interface AuditQuery extends PageQuery {
  /** A task, lease or agent id; the path of a lease has what its task told, and nothing of its other leases. */
  readonly subject?: string;
  /** Milliseconds, on the store's clock: from this moment on, and before that one. */
  readonly since?: number;
  readonly until?: number;
}

export interface AuditLog {
  /** Durable when it returns. For facts that change no task and no lease; those come with their change. */
  record(event: AuditEvent): Promise<void>;
  /** Oldest first; all that was told before the call. */
  read(query: AuditQuery): Promise<Page<AuditRecord>>;
  /** Chains what was written since; returns how many records. Any number of processes may call it. */
  seal(): Promise<number>;
  /** How many events of what has ended stand aside, because the log could not be written. */
  untold(): Promise<number>;
  /** The last sealed record; undefined before there is one. */
  head(): Promise<Pick<AuditRecord, 'chain' | 'seq' | 'id' | 'hash'> | undefined>;
}

/** Signed checkpoints of the chain, oldest first. */
export interface CheckpointLog {
  /** False when there is one for this place, or a later one. */
  add(checkpoint: SignedCheckpoint): Promise<boolean>;
  last(): Promise<SignedCheckpoint | undefined>;
  after(seq: number, limit: number): Promise<readonly SignedCheckpoint[]>;
  list(query: PageQuery): Promise<Page<SignedCheckpoint>>;
  /** How far a place outside has been told of them, by its name; 0 before anything. */
  anchored(name: string): Promise<number>;
  setAnchored(name: string, seq: number): Promise<void>;
}

/** An event as it was written; its place in the chain follows. */
export interface Told {
  /** `<milliseconds>-<n>`, on the store's clock; later ids are later. */
  readonly id: string;
  readonly at: number;
  readonly event: AuditEvent;
}

/** The log for those who follow it. Nothing here waits for the chain. */
export interface LogFeed {
  /** Id of the latest event; `0-0` before there is one. */
  latest(): Promise<string>;
  /** What was written after it, oldest first. */
  after(id: string, limit: number): Promise<readonly Told[]>;
  /** What was written before it, or up to now; latest first. */
  before(id: string | undefined, limit: number): Promise<readonly Told[]>;
}

/** The one durable state of the broker: tasks, leases and their history move together. */
export interface Ledger {
  /** The same ledger for one call: every event that is told by it names the call. */
  forCall(cause: Cause): Ledger;
  readonly tasks: TaskLedger;
  readonly delegations: DelegationLedger;
  readonly steps: StepLedger;
  readonly leases: LeaseLedger;
  readonly renewals: RenewalLedger;
  readonly withdrawals: WithdrawalLedger;
  readonly agents: AgentLedger;
  readonly approvals: ApprovalLedger;
  readonly breakGlass: BreakGlassLedger;
  readonly notices: NoticeLedger;
  readonly log: AuditLog;
  readonly feed: LogFeed;
  readonly checkpoints: CheckpointLog;
  /** The ledger's own time as this process last learned it; the one clock for deadlines and ends. */
  readonly clock: Clock;
  /** What the processes know together of the leases of one provider. */
  shared(provider: string): SharedState;
  /** Whether `remember` was called with this name within its time: for webhook deliveries. */
  seen(name: string): Promise<boolean>;
  remember(name: string, ttlSeconds: number): Promise<void>;
  /** True for one caller in so many milliseconds, whichever process it is in: for work that one of them has to do. */
  takeTurn(name: string, forMs: number): Promise<boolean>;
  /** Where it stands, and whether it still holds what `held` names. */
  mark(held?: Mark): Promise<{ readonly now: Mark; readonly holds: boolean }>;
  /** What stands against agents; undefined while it is of the version that is known. */
  stops(known?: string): Promise<{ readonly version: string; readonly stops: Stops } | undefined>;
  /** Takes the store as it is, though it has lost what came up to `lost`; what stood against agents then stands again. */
  accept(
    epoch: number,
    lost: Mark,
    stops: Stops,
    who: { readonly by: string; readonly reason: string },
  ): Promise<void>;
  /** What the processes know together of proofs of possession; `nonceMs`: how long a nonce is handed out, where any is. */
  proofs(nonceMs: number | undefined): ProofStore;
  /** How much of the memory that the store may use is used: 0 to about 1; 0 where there is no limit. */
  usedShare(): Promise<number>;
  /** Throws `state.unavailable` when the state store does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
}
