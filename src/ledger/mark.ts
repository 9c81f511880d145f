/**
 * What stands against agents until somebody lifts it, as the store has it: blocks by scope, risks by agent and stream, and
 * until when (ms epoch) what an agent had proved proves nothing. A store that forgets them would issue what was stopped.
 */
export interface Stops {
  readonly blocks: Readonly<Record<string, string>>;
  readonly risks: Readonly<Record<string, string>>;
  readonly endedProofs: Readonly<Record<string, string>>;
}

export const noStops: Stops = { blocks: {}, risks: {}, endedProofs: {} };

/** Where a ledger stands: enough to tell when it has gone back. */
export interface Place {
  /** Raised when an operator accepts a store that has gone back. */
  readonly epoch: number;
  /** The head of the audit chain; 0 and empty before there is one. */
  readonly seq: number;
  readonly sealedId: string;
  readonly hash: string;
  /** The last event that was written, sealed or not; empty before there is one. */
  readonly lastId: string;
  /** Milliseconds, on the store's clock. */
  readonly at: number;
}

/** Small enough to be kept outside the ledger. */
export interface Mark extends Place {
  /** What an operator who accepts a store that has lost it puts back. */
  readonly stops: Stops;
}

/** Whether the store, which is at `now`, has lost what it had at `held`; `holds`: what the mark names is still in it. */
export const hasGoneBack = (
  held: Place,
  { now, holds }: { readonly now: Place; readonly holds: boolean },
): boolean => now.epoch < held.epoch || (now.epoch === held.epoch && !holds);

/** Negative when `a` is the earlier. */
export function compareMarks(a: Place, b: Place): number {
  const [aMs = 0, aNth = 0] = a.lastId.split('-').map(Number);
  const [bMs = 0, bNth = 0] = b.lastId.split('-').map(Number);
  return a.epoch - b.epoch || a.seq - b.seq || aMs - bMs || aNth - bNth;
}
