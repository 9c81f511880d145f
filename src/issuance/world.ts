import type { Clock } from '../kernel/clock.js';
import type { Handle } from './provider.js';

/** Where a lease is listed together with others that are taken back by one act, such as those of one role. */
export interface Enrolment {
  readonly groups: readonly string[];
  /** For how long after minting, and after its end, the record of the lease must be kept. */
  readonly keepSeconds: number;
}

/** One lease of a group, as the ledger has it. Times are milliseconds since the epoch, on the ledger's clock. */
export interface Enrolled {
  readonly leaseId: string;
  readonly taskId: string;
  readonly handle: Handle;
  /** Reserved or active: what is not live has ended, or is to end. */
  readonly live: boolean;
  readonly reservedAt: number;
  /** The provider's own end of it, on the provider's clock; later than that it has certainly ended. */
  readonly expiresAt: number;
  /** While it is there, the provider may still be minting. */
  readonly mintUntil?: number;
  readonly renewedAt?: number;
  readonly revocationRequestedAt?: number;
  /** Since then a deny of it has been said to stand at the provider. */
  readonly writtenAt?: number;
  /** Whether its task can have no further lease. */
  readonly taskClosed: boolean;
  /** Whether a lease of its task in any group ever ended, forgotten ones too. */
  readonly taskSpoiled: boolean;
}

export interface Roster {
  /** The ledger's time before the reading began: whoever is not here was enrolled later, or forgotten. */
  readonly readAt: number;
  readonly leases: readonly Enrolled[];
  /** Enrolled, but the record cannot be read, or is gone. It was minted at the latest then, if at all. */
  readonly lost: readonly { readonly leaseId: string; readonly mintedUntil: number }[];
}

/** The right to write for a group, which one holds at a time and which ends by itself. */
export interface Turn {
  /** Grows with every turn: who holds a higher one came later. */
  readonly epoch: number;
  end(): Promise<void>;
}

/** What is worth telling the others about a group; plain JSON, never a secret. Older epochs give way. */
export type Note = Readonly<Record<string, string | number | boolean>> & { readonly epoch: number };

/** What all processes know together of the leases of one provider. Every call may throw Fault `state.unavailable`. */
export interface SharedState {
  /** Reads it in pieces, so that nothing else waits for it. */
  roster(group: string): Promise<Roster>;
  /** Leaves out of the roster from now on what is not needed any more. */
  forget(group: string, leaseIds: readonly string[]): Promise<void>;
  /**
   * Undefined while another holds it. `above`: the epoch is to be higher than that, too. Who holds the turn already
   * gets it again, with a new epoch, by the same `holder`.
   */
  turn(group: string, holder: string, ttlMs: number, above?: number): Promise<Turn | undefined>;
  note(kind: string, group: string): Promise<Note | undefined>;
  /** False, with nothing changed, when a note of a higher epoch is there. */
  leaveNote(kind: string, group: string, note: Note): Promise<boolean>;
  /** The groups that a lease was ever enrolled in. */
  groups(): Promise<readonly string[]>;
}

/** What the broker lends a provider. */
export interface ProviderWorld {
  readonly shared: SharedState;
  /** The ledger's time. */
  readonly clock: Clock;
  /** How long after its reservation, or its renewal, a credential may still be made. */
  readonly mintTimeoutMs: number;
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
}
