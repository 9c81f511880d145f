import { systemClock } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import type { Ledger } from './ledger.js';
import { redisLeases } from './redis-leases.js';
import { redisLog } from './redis-log.js';
import { redisRenewals } from './redis-renewals.js';
import { redisTasks } from './redis-tasks.js';
import { scriptRunner, unavailable } from './script.js';
import type { RedisClient } from './script.js';

export interface LedgerOptions {
  /** Must hold one hash tag, so that a cluster keeps every key of the ledger together. */
  readonly prefix?: string;
  readonly clock?: Clock;
  /** How long ended tasks and leases are kept, in milliseconds. */
  readonly retentionMs?: number;
  readonly idempotencyMs?: number;
  readonly claimMs?: number;
}

const dayMs = 86_400_000;

/** The ledger in Redis 7+ or Valkey 8+. The caller owns the connection. */
export function redisLedger(redis: RedisClient, options: LedgerOptions = {}): Ledger {
  const prefix = options.prefix ?? '{protem}';
  const local = options.clock ?? systemClock;
  const times = {
    retentionMs: options.retentionMs ?? 7 * dayMs,
    idempotencyMs: options.idempotencyMs ?? dayMs,
    claimMs: options.claimMs ?? 10_000,
  };
  // A reply that was slow makes the store's clock look late, so the best of the last half minute counts.
  let aheadMs = -Infinity;
  let learnedAt = -Infinity;
  const heard = (storeNow: number) => {
    const now = local();
    if (storeNow - now <= aheadMs && now - learnedAt < 30_000) return;
    aheadMs = storeNow - now;
    learnedAt = now;
  };
  const clock: Clock = () => local() + (aheadMs === -Infinity ? 0 : aheadMs);
  const run = scriptRunner(redis, prefix);
  const nameKey = (name: string) => `${prefix}:seen:${name}`;
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });

  return {
    tasks: redisTasks(redis, run, prefix, times, clock),
    leases: redisLeases(redis, run, prefix, times, heard),
    renewals: redisRenewals(run, times, heard),
    log: redisLog(redis, run, prefix),
    clock,

    seen: async (name) => (await ask(redis.exists(nameKey(name)))) === 1,

    async remember(name, ttlSeconds) {
      await ask(redis.set(nameKey(name), '1', 'EX', ttlSeconds));
    },

    async check() {
      heard(Number(await run('now')));
    },

    close: () => Promise.resolve(),
  };
}
