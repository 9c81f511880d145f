/** Work for the revocation workers. It may lose anything: the ledger's index of due leases is the truth (I8). */
export interface RevocationQueue {
  /** Puts leases of one provider to work now, in jobs of a few. `from`: the `traceparent` of what asked for it. */
  add(provider: string, leaseIds: readonly string[], from?: string): Promise<void>;
  /** Jobs that wait for a worker. */
  backlog(provider: string): Promise<number>;
  close(): Promise<void>;
}

export interface RevocationWorker {
  /** Whether it has nothing under way. */
  idle(): boolean;
  /** Stops taking work, and waits for what is under way. */
  close(): Promise<void>;
}

/** Runs one lease; it reads everything but the id from the ledger. */
export type RevokeOne = (leaseId: string, from?: string) => Promise<void>;
