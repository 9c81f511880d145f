import type { CheckpointSigner } from '../audit/checkpoint.js';
import type { ApproverRules } from '../approval/eligible.js';
import type { Delivery } from '../identity/hooks/delivery.js';
import type { HookReading } from '../identity/hooks/read-hook.js';
import type { ReadSignal } from '../identity/signals/streams.js';
import type { EndedAt } from '../identity/ended-proof.js';
import type { Identify } from '../identity/principal.js';
import type { Provider } from '../issuance/provider.js';
import type { ApprovalTimes } from '../ledger/approval-ledger.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Policy } from '../policy/decision.js';
import type { Rate } from '../policy/rate.js';
import type { RevocationQueue } from '../revocation/revocation-queue.js';
import type { Task } from '../task/task.js';
import type { Admission } from './admission.js';
import type { Breaker } from './breaker.js';
import type { RollbackGuard } from './rollback-guard.js';
import type { Flood } from './flood.js';
import type { Inventory } from './inventory.js';
import type { Meter } from './meter.js';

/** Everything the broker needs from outside. `compose.ts` makes the real one, `test/fake/broker-ports.ts` the other. */
export interface Ports {
  readonly identify: Identify;
  readonly endedAt: EndedAt;
  /** Tells what this installation made at a provider from what others made there. */
  readonly installation: string;
  /** The policy in force; a reload replaces it. */
  readonly policy: () => Policy;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly ledger: Ledger;
  readonly inventory: Inventory;
  /** What is known of the risk of agents, without asking the store: 0 (none) to 3 (high). */
  readonly risk: (agent: string) => number;
  /** Of all that decides: policy, catalog, inventory, issuers. Who has the same decides the same. */
  readonly contextDigest: () => string;
  readonly queue: RevocationQueue;
  /** Where the settings have one. */
  readonly guard?: RollbackGuard | undefined;
  /** One each: issuing that fails must not hold a revocation back. */
  readonly breakers: { readonly issuing: Breaker; readonly revoking: Breaker };
  /** Whether anything may be issued now; `policy` is asked first. */
  readonly admission: Admission;
  /** What a delivery says, or Fault `hook.unproven`; undefined when there is no such source. */
  readonly readHook: (source: string, delivery: Delivery, now: number) => HookReading | undefined;
  /** What a transmitter of security events says; throws SetRefused. Undefined when there is no such stream. */
  readonly readSignal: ReadSignal;
  /** Whether the source may end this task at all. */
  readonly hookMayEnd: (source: string, task: Task) => boolean;
  /** Where the settings have a key for it. */
  readonly signer?: CheckpointSigner | undefined;
  /** For refusals that anybody can cause. */
  readonly flood: Flood;
  readonly meter: Meter;
  readonly log: Log;
  readonly limits: Limits;
}

export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface ApprovalLimits extends ApproverRules, ApprovalTimes {
  /** How long what is approved may be used, in milliseconds; nothing issued by it lasts longer. */
  readonly usableMs: number;
  /** How long the same request is answered with the denial of a moment ago, in milliseconds. */
  readonly askAgainMs: number;
  /** From this risk tier on two different persons have to approve, whatever policy says. */
  readonly twoPersonsFromTier: number;
}

export interface Limits {
  readonly longestTaskSeconds: number;
  /** How long minting may take before nobody waits for it any more. */
  readonly mintTimeoutMs: number;
  /** How long one attempt to revoke may take. */
  readonly revokeTimeoutMs: number;
  /** Whether a credential must end with the token that asked for it. */
  readonly endWithProof: boolean;
  /** Secrets are encrypted to whatever key a request names; without it, to keys that are known to be the agent's. */
  readonly encryptToAnyKey?: boolean | undefined;
  /** A revocation that is later than this stops issuing at its provider, and makes the broker not ready. */
  readonly longestOverdueMs: number;
  /** How far sub-tasks may go, how many one task may have, and one tree. */
  readonly delegation?:
    { readonly depth: number; readonly fanOut: number; readonly tree: number } | undefined;
  /** The most steps of one task. */
  readonly stepsPerTask?: number | undefined;
  /** The most leases live at once; undefined is without bound. */
  readonly liveLeasesPerAgent?: number | undefined;
  readonly liveLeases?: number | undefined;
  readonly liveLeasesPerTask?: number | undefined;
  readonly liveLeasesPerTree?: number | undefined;
  readonly issueRatePerAgent?: Rate | undefined;
  readonly issueRatePerTask?: Rate | undefined;
  /** How often a task may be opened for one agent. */
  readonly taskRatePerAgent?: Rate | undefined;
  readonly approvals: ApprovalLimits;
  /** The longest credential of an emergency. */
  readonly breakGlassMaximumSeconds: number;
}
