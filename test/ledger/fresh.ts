import type { Lease, NewLease } from '../../src/lease/lease.js';
import type { Conditions, Idempotency, Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { LedgerOptions } from '../../src/ledger/redis-ledger.js';
import { newLease, reservedEvent } from '../fake/ledger-facts.js';
import { connected, uniquePrefix } from '../setup/backends.js';

/** A ledger that nobody has written to, and the place where it keeps its keys. */
export async function freshLedger(url: string, options: LedgerOptions = {}) {
  const redis = await connected(url);
  const prefix = uniquePrefix();
  return { redis, prefix, ledger: redisLedger(redis, { prefix, ...options }) };
}

export function reserved(
  ledger: Ledger,
  taskId: string,
  over: Partial<NewLease> = {},
  conditions?: Conditions,
  idempotency?: Idempotency,
): Promise<Lease> {
  const lease = newLease(taskId, over);
  return ledger.leases.reserve(lease, reservedEvent(lease), idempotency, conditions);
}

/** A lease whose credential ends as was asked for, or at `expiresAt`. */
export async function activated(ledger: Ledger, lease: Lease, expiresAt?: number): Promise<Lease> {
  return (await ledger.leases.activate(lease, { expiresAt, effect: lease.effect }))!;
}
