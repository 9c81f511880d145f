import type { SessionStore } from '../../src/identity/session.js';
import type { FixedClock } from './fixed-clock.js';

/** What the store was given, to be looked into. */
export interface MemorySessions extends SessionStore {
  readonly kept: Map<string, { readonly record: string; until: number }>;
}

export function memorySessions(clock: FixedClock): MemorySessions {
  const kept: MemorySessions['kept'] = new Map();
  return {
    kept,
    async keep(digest, record, ttlMs) {
      kept.set(digest, { record, until: clock() + ttlMs });
    },
    async find(digest, ttlMs) {
      const found = kept.get(digest);
      if (!found || clock() >= found.until) return undefined;
      if (ttlMs !== undefined) found.until = clock() + ttlMs;
      return found.record;
    },
    async forget(digest) {
      kept.delete(digest);
    },
  };
}
