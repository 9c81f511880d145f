import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../kernel/clock.js';
import type { Principal } from './principal.js';
import type { Proof } from './proof.js';
import { clockToleranceSeconds } from './token-claims.js';

const maximumEntries = 20_000;
const maximumAgeMs = 300_000;

/**
 * Tokens verified a moment ago, so that an agent's next request does not cost a signature. An entry holds while the
 * token does, while the keys that proved it are the current ones, and for five minutes at most. It is keyed by a
 * digest, so tokens are not retained; the digest says nothing about replay (one token has many spellings).
 */
export interface VerifiedTokens {
  /** Undefined when the token has to be verified, or its keys are due to be asked for. */
  find(token: string): Principal | undefined;
  keep(token: string, principal: Principal, proof: Omit<Proof, 'principal'>): void;
}

export function createVerifiedTokens(clock: Clock): VerifiedTokens {
  const entries = new LRUCache<string, Proof & { readonly until: number }>({ max: maximumEntries });
  return {
    find(token) {
      const key = digest(token);
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (clock() < entry.until && entry.source.current() === entry.keySet) return entry.principal;
      entries.delete(key);
      return undefined;
    },
    keep(token, principal, { source, keySet }) {
      const end = principal.proofExpiresAt + clockToleranceSeconds * 1000;
      const until = Math.min(end, clock() + maximumAgeMs);
      entries.set(digest(token), { principal, source, keySet, until });
    },
  };
}

const digest = (token: string): string => hash('sha256', token, 'base64');
