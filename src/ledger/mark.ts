/** Where a ledger stands: small enough to be kept outside it, and enough to tell when it has gone back. */
export interface Mark {
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

/** Whether the store, which is at `now`, has lost what it had at `held`; `holds`: what the mark names is still in it. */
export const hasGoneBack = (
  held: Mark,
  { now, holds }: { readonly now: Mark; readonly holds: boolean },
): boolean => now.epoch < held.epoch || (now.epoch === held.epoch && !holds);

/** Negative when `a` is the earlier. */
export function compareMarks(a: Mark, b: Mark): number {
  const [aMs = 0, aNth = 0] = a.lastId.split('-').map(Number);
  const [bMs = 0, bNth = 0] = b.lastId.split('-').map(Number);
  return a.epoch - b.epoch || a.seq - b.seq || aMs - bMs || aNth - bNth;
}
