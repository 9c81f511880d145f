import { systemClock } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import type { Ledger } from './ledger.js';
import { redisFeed } from './redis-feed.js';
import { redisAgents } from './redis-agents.js';
import { redisCheckpoints } from './redis-checkpoints.js';
import { redisApprovals } from './redis-approvals.js';
import { redisBreakGlass } from './redis-break-glass.js';
import { redisDelegations } from './redis-delegations.js';
import { leaseBatches } from './lease-batches.js';
import { redisLeases } from './redis-leases.js';
import { ledgersOfCalls } from './call-ledger.js';
import type { Parts } from './call-ledger.js';
import { redisLog } from './redis-log.js';
import { usedShare } from './redis-memory.js';
import { redisMark } from './redis-mark.js';
import { redisProofs } from './redis-proofs.js';
import { redisNotices } from './redis-notices.js';
import { redisRenewals } from './redis-renewals.js';
import { redisShared } from './redis-shared.js';
import { redisSteps } from './redis-steps.js';
import { redisTasks } from './redis-tasks.js';
import { redisWithdrawals } from './redis-withdrawals.js';
import { scriptRunner, unavailable } from './script.js';
import type { RedisClient, RunScript } from './script.js';
import { taskMemory } from './task-memory.js';

export interface LedgerOptions {
  /** Must hold one hash tag, so that a cluster keeps every key of the ledger together. */
  readonly prefix?: string;
  readonly clock?: Clock;
  /** How long ended tasks and leases are kept, in milliseconds. */
  readonly retentionMs?: number;
  readonly idempotencyMs?: number;
  /** How long a claim hides a lease; with the sweeper's sleep, less than the ten seconds a crash may cost. */
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
    claimMs: options.claimMs ?? 8000,
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
  const runFor = scriptRunner(redis, prefix);
  const run = runFor();
  const batches = leaseBatches(redis, run, prefix, times);
  const known = taskMemory();
  const nameKey = (name: string) => `${prefix}:seen:${name}`;
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });

  const tasksBy = (running: RunScript) => redisTasks(redis, running, prefix, times, clock, known);
  const parts: Parts = {
    tasks: tasksBy,
    delegations: (running) => redisDelegations(running, times, known, tasksBy(running)),
    steps: (running) => redisSteps(redis, running, prefix, times, known),
    leases: (running) => redisLeases(redis, running, prefix, times, heard, known, batches),
    renewals: (running) => redisRenewals(running, times, heard, known),
    withdrawals: (running) => redisWithdrawals(redis, running, prefix, times),
    approvals: (running) => redisApprovals(redis, running, prefix, times, heard),
    breakGlass: (running) => redisBreakGlass(redis, running, prefix),
    log: (running) => redisLog(redis, running, prefix),
  };

  const ledger: Ledger = {
    tasks: parts.tasks(run),
    delegations: parts.delegations(run),
    steps: parts.steps(run),
    leases: parts.leases(run),
    renewals: parts.renewals(run),
    withdrawals: parts.withdrawals(run),
    approvals: parts.approvals(run),
    breakGlass: parts.breakGlass(run),
    log: parts.log(run),
    forCall: (cause) => ofCall(runFor(cause)),
    agents: redisAgents(redis, prefix),
    notices: redisNotices(redis, prefix),
    feed: redisFeed(redis, prefix),
    checkpoints: redisCheckpoints(redis, prefix),
    clock,
    shared: (provider) => redisShared(redis, run, prefix, provider),
    proofs: (nonceMs) => redisProofs(run, nonceMs),

    seen: async (name) => (await ask(redis.exists(nameKey(name)))) === 1,

    async remember(name, ttlSeconds) {
      await ask(redis.set(nameKey(name), '1', 'EX', ttlSeconds));
    },

    takeTurn: async (name, forMs) =>
      (await ask(redis.set(`${prefix}:turn:${name}`, '1', 'PX', forMs, 'NX'))) === 'OK',

    ...redisMark(redis, run, prefix),

    usedShare: () => ask(usedShare(redis)),

    async check() {
      heard(Number(await run('now')));
    },

    close: () => Promise.resolve(),
  };
  const ofCall = ledgersOfCalls(ledger, parts);
  return ledger;
}
