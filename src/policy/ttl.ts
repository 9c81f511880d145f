import { Fault } from '../kernel/fault.js';
import type { CatalogEntry } from './catalog.js';

export interface TtlBounds {
  /** What was asked for; the entry's default when nothing was. */
  readonly requestedSeconds?: number | undefined;
  readonly entry: Pick<CatalogEntry, 'maximumTtlSeconds' | 'defaultTtlSeconds'>;
  /** The ceiling of the policies that permit it. */
  readonly policySeconds?: number | undefined;
  readonly taskRemainingSeconds: number;
  /** What is left of the lease that this one is narrowed from (I5): a child ends no later than its parent. */
  readonly parentRemainingSeconds?: number;
  /** The longest that was delegated to the task. */
  readonly delegatedSeconds?: number | undefined;
  /** What is left of the token that asks, when credentials have to end with it. */
  readonly proofRemainingSeconds?: number | undefined;
  /** What is left of the approval that it is issued by. */
  readonly approvalRemainingSeconds?: number;
  readonly providerMinimumSeconds: number;
  readonly providerMaximumSeconds: number;
}

/**
 * ISS-01: the least of every bound, in whole seconds. Throws `ttl.invalid` when what was asked for is no positive
 * whole number of seconds or more than the entry has, and `ttl.below_floor` (ISS-03) when less is left than the
 * provider can mint: rounding up would outlive a bound.
 */
export function boundTtl(bounds: TtlBounds): number {
  const { requestedSeconds = bounds.entry.defaultTtlSeconds, entry } = bounds;
  if (!Number.isSafeInteger(requestedSeconds) || requestedSeconds <= 0)
    throw new Fault('ttl.invalid', 'A TTL is a positive number of seconds.');
  if (requestedSeconds > entry.maximumTtlSeconds)
    throw new Fault('ttl.invalid', `This entry lasts ${entry.maximumTtlSeconds} seconds at most.`);
  const ttlSeconds = Math.floor(
    Math.min(
      requestedSeconds,
      bounds.policySeconds ?? Infinity,
      bounds.taskRemainingSeconds,
      bounds.parentRemainingSeconds ?? Infinity,
      bounds.delegatedSeconds ?? Infinity,
      bounds.proofRemainingSeconds ?? Infinity,
      bounds.approvalRemainingSeconds ?? Infinity,
      bounds.providerMaximumSeconds,
    ),
  );
  // Put so that a bound which is no number is below every floor.
  if (!(ttlSeconds >= Math.max(1, bounds.providerMinimumSeconds)))
    throw new Fault(
      'ttl.below_floor',
      `At most ${Math.max(0, ttlSeconds) || 0} seconds could be granted, and the provider mints ${bounds.providerMinimumSeconds} at the least.`,
    );
  return ttlSeconds;
}
