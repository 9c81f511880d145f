import { refuse, type Reply } from './reply.js';

export interface RenewedEnd {
  readonly endsAt: number;
  /** Less was given than was asked for. */
  readonly capped: boolean;
}

/**
 * The end that a renewal gives, or undefined past the maximum. Counted from now, as in Vault (CalculateTTL), where both
 * moments are whole seconds: so what is capped may end up to a second after its maximum.
 */
export function renewedEnd(now: number, incrementMs: number, maximumAt: number): RenewedEnd | undefined {
  const leftMs = (Math.floor(maximumAt / 1000) - Math.floor(now / 1000)) * 1000;
  if (leftMs <= 0) return undefined;
  return { endsAt: now + Math.min(incrementMs, leftMs), capped: incrementMs > leftMs };
}

/** In these words, and with this status. */
export const pastMaximum: Reply = refuse(500, '1 error occurred:\n\t* past the max TTL, cannot renew\n\n');

/** What is said beside an answer that gives less than was asked for. */
export const warningsOf = ({ capped }: RenewedEnd): { readonly warnings?: readonly string[] } =>
  capped ? { warnings: ['TTL exceeded the effective max_ttl; TTL value is capped accordingly'] } : {};
