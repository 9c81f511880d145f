import type { AuditEvent } from '../audit/event.js';
import type { RiskSignal } from '../identity/risk.js';
import type { Lease } from '../lease/lease.js';
import type { Block, Progress, Withdrawal } from '../revocation/withdrawal.js';
import type { Page, PageQuery } from './ledger.js';

/** What is written in one step with the beginning of a withdrawal. */
export interface Along {
  readonly block?: Block;
  /** The agent and its signal; none when it counts no longer. Of an operator, unless a stream is named. */
  readonly risk?: { readonly agent: string; readonly stream?: string; readonly signal?: RiskSignal };
  /** What was proved by a token that this agent was issued until then (ms epoch) proves nothing any more. */
  readonly ended?: { readonly agent: string; readonly at: number };
  /** Asked with this name within its time before, it does nothing. */
  readonly once?: { readonly name: string; readonly forMs: number };
}

/** Where a process was in going through all live leases; opaque to others. */
export interface Sweep {
  readonly provider?: string;
  readonly cursor: string;
  /** Which pass it is, from 0; when it began, and how many leases it has taken. */
  readonly pass: number;
  readonly passAt: number;
  readonly taken: number;
}

/** Who would ask, and for what. `issuer` is that of the token, where the agent asks itself. */
export interface Asking {
  readonly agent: string;
  readonly issuer?: string;
  readonly owner: string;
  readonly task?: string;
  readonly provider?: string;
  readonly entry?: string;
  readonly delegate?: string;
}

/** Many leases at once. What is written here survives every process; the worker carries it out. */
export interface WithdrawalLedger {
  /** From its return on its block holds (reserve, activate and renew look in the same step). Undefined: done before. */
  begin(
    withdrawal: Withdrawal,
    along: Along,
    event: AuditEvent,
  ): Promise<{ readonly block?: Block } | undefined>;
  /** True when the digest is another than the one before, and the withdrawal has begun. */
  announce(contextDigest: string, withdrawal: Withdrawal, event: AuditEvent): Promise<boolean>;
  /** The digest that was announced last. */
  context(): Promise<string | undefined>;
  find(id: string): Promise<(Withdrawal & Progress) | undefined>;
  /** Latest first. */
  list(query: PageQuery): Promise<Page<Withdrawal & Progress>>;
  /** Those that have not reached every lease. */
  open(): Promise<readonly (Withdrawal & { readonly begunAt: number; readonly sweep?: Sweep })[]>;
  /** Begins to end these, with a reason each; how many of them it took. */
  take(
    withdrawal: Withdrawal,
    leases: readonly { readonly id: string; readonly reason: string }[],
  ): Promise<number>;
  /** Leases of a provider that are not over, a few hundred; `next` is '0' at the end. What lived before is not missed. */
  live(
    provider: string,
    cursor: string,
  ): Promise<{ readonly leases: readonly Lease[]; readonly next: string }>;
  keep(id: string, sweep: Sweep): Promise<void>;
  end(id: string, event: AuditEvent): Promise<void>;
  blocks(): Promise<readonly Block[]>;
  /** Throws issuing.blocked or agent.disabled where the asking would be refused now for a block; writes nothing. */
  pass(asking: Asking): Promise<void>;
  /** False when it is no longer there. */
  lift(block: Block, event: AuditEvent): Promise<boolean>;
}
