import type { FaultCode } from '../kernel/fault.js';
import type { Revoked } from '../issuance/provider.js';
import type { Lease } from '../lease/lease.js';
import { isStuck, retryInMs } from './retry.js';

/** What one attempt to revoke came to at the provider. */
export type Attempt = Revoked | { readonly is: 'failed'; readonly fault: FaultCode };

/** What the lease becomes by it. */
export type Settlement =
  | { readonly is: 'revoked' | 'expired' }
  /** Not over yet: look again then; not a failure. */
  | { readonly is: 'waiting'; readonly untilAt: number }
  | { readonly is: 'failed'; readonly fault: string; readonly retryInMs: number; readonly stuck: boolean };

/** How far past the provider's own end it has certainly passed, whatever the clocks say. */
export const certaintyMs = 5000;

/** Pure: the attempt, the lease as it was before it, and the ledger's time. */
export function settle(attempt: Attempt, lease: Lease, now: number, random?: () => number): Settlement {
  if (attempt.is === 'revoked') return { is: 'revoked' };
  const certainlyOverAt = lease.expiresAt + certaintyMs;
  if (certainlyOverAt <= now) return { is: 'expired' };
  switch (attempt.is) {
    case 'expires':
      return { is: 'waiting', untilAt: certainlyOverAt };
    case 'pending':
      return { is: 'waiting', untilAt: Math.min(now + attempt.againAfterSeconds * 1000, certainlyOverAt) };
    case 'failed': {
      const failures = lease.attempts + 1;
      const sinceMs = now - (lease.revocationRequestedAt ?? now);
      return {
        is: 'failed',
        fault: attempt.fault,
        retryInMs: Math.min(retryInMs(failures, random), certainlyOverAt - now),
        stuck: isStuck(failures, sinceMs),
      };
    }
  }
}
