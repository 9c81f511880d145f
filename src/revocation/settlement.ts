import type { FaultCode } from '../kernel/fault.js';
import type { Revoked } from '../issuance/provider.js';
import { latestEndOf } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import { isStuck, longestRetryMs, retryInMs } from './retry.js';

/** What one attempt to revoke came to at the provider. */
export type Attempt =
  | Revoked
  /** `retryAfterSeconds`: the provider asked to be left in peace for that long. */
  | { readonly is: 'failed'; readonly fault: FaultCode; readonly retryAfterSeconds?: number }
  /** Nothing was asked, because its provider does not answer: not a failure of this lease. */
  | { readonly is: 'held'; readonly againInMs: number };

/**
 * What the lease becomes by it. `mayHaveMissed`: the attempt began while the provider could still be minting, so what
 * it took back need not be all there was; only another attempt can be final.
 */
export type Settlement =
  | { readonly is: 'revoked'; readonly mayHaveMissed?: true }
  | { readonly is: 'expired' }
  /** Not over yet: look again then; not a failure. `writtenAt`: a deny stands since then, and has still to be confirmed. */
  | { readonly is: 'waiting'; readonly untilAt: number; readonly writtenAt?: number }
  | { readonly is: 'failed'; readonly fault: string; readonly retryInMs: number; readonly stuck: boolean };

/** How far past the provider's own end it has certainly passed, whatever the clocks say. */
export const certaintyMs = 5000;

/** A provider that says "ask again now" is asked again, but not at once. */
const shortestWaitMs = 500;

/** Pure: the attempt, the lease as it was before it, and the ledger's time. */
export function settle(attempt: Attempt, lease: Lease, now: number, random?: () => number): Settlement {
  if (attempt.is === 'revoked') return { is: 'revoked' };
  const endsByItself = lease.unending !== true || attempt.is === 'expires';
  const overAt = endsByItself ? latestEndOf(lease) + certaintyMs : Infinity;
  if (overAt <= now) return { is: 'expired' };
  const sinceMs = now - (lease.revocationRequestedAt ?? now);
  switch (attempt.is) {
    case 'expires':
      return { is: 'waiting', untilAt: overAt };
    case 'pending':
    case 'written': {
      const againInMs = Math.max(shortestWaitMs, attempt.againAfterSeconds * 1000);
      const written = attempt.is === 'written' ? { writtenAt: attempt.writtenAt } : {};
      return { is: 'waiting', untilAt: Math.min(now + againInMs, overAt), ...written };
    }
    case 'held': {
      const stuck = lease.state !== 'stuck' && isStuck(0, sinceMs);
      return stuck
        ? {
            is: 'failed',
            fault: 'provider.unavailable',
            retryInMs: Math.min(attempt.againInMs, overAt - now),
            stuck,
          }
        : { is: 'waiting', untilAt: Math.min(now + attempt.againInMs, overAt) };
    }
    case 'failed': {
      const failures = lease.attempts + 1;
      const toldMs = Math.min((attempt.retryAfterSeconds ?? 0) * 1000, longestRetryMs);
      return {
        is: 'failed',
        fault: attempt.fault,
        retryInMs: Math.min(Math.max(retryInMs(failures, random), toldMs), overAt - now),
        stuck: isStuck(failures, sinceMs),
      };
    }
  }
}
