import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../kernel/clock.js';
import type { Principal } from './principal.js';
import type { Proof } from './proof.js';
import { clockToleranceSeconds } from './token-claims.js';

const maximumEntries = 20_000;
const maximumAgeMs = 300_000;

/**
 * Tokens and certificates verified a moment ago, so that an agent's next request does not cost a signature. An entry holds
 * while what was shown does, while the keys that proved it are the current ones, and for five minutes at most. It is keyed by
 * a digest, so tokens are not retained; the digest says nothing about replay (one token has many spellings).
 */
export interface VerifiedProofs {
  /** Undefined when what is shown has to be verified, or its keys are due to be asked for. */
  find(shown: string): Principal | undefined;
  keep(shown: string, principal: Principal, proof: Omit<Proof, 'principal'>): void;
}

export function createVerifiedProofs(clock: Clock): VerifiedProofs {
  const entries = new LRUCache<string, Proof & { readonly until: number }>({ max: maximumEntries });
  return {
    find(shown) {
      const key = digest(shown);
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (clock() < entry.until && entry.source.current() === entry.keySet) return entry.principal;
      entries.delete(key);
      return undefined;
    },
    keep(shown, principal, { source, keySet }) {
      const end = principal.proofExpiresAt + clockToleranceSeconds * 1000;
      const until = Math.min(end, clock() + maximumAgeMs);
      entries.set(digest(shown), { principal, source, keySet, until });
    },
  };
}

const digest = (shown: string): string => hash('sha256', shown, 'base64');
