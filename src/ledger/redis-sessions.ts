import type { SessionStore } from '../identity/session.js';
import type { RedisClient } from './script.js';
import { unavailable } from './script.js';

/** Sessions of the console, beside the ledger: one key each, which ends by itself. */
export function redisSessions(redis: RedisClient, prefix: string): SessionStore {
  const keyOf = (digest: string) => `${prefix}:session:${digest}`;
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  return {
    async keep(digest, record, ttlMs) {
      await ask(redis.set(keyOf(digest), record, 'PX', ttlMs));
    },

    async find(digest, ttlMs) {
      const key = keyOf(digest);
      const found = await ask(ttlMs === undefined ? redis.get(key) : redis.getex(key, 'PX', ttlMs));
      return found ?? undefined;
    },

    async forget(digest) {
      await ask(redis.del(keyOf(digest)));
    },
  };
}
