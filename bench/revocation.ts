import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { newLeaseId, newTaskId } from '../src/kernel/id.js';
import { connectRedis, untilReady } from '../src/ledger/redis-connection.js';
import { redisLedger } from '../src/ledger/redis-ledger.js';
import type { Ledger } from '../src/ledger/ledger.js';
import { asInProduction, startChild } from './harness/child.js';
import { startRedis } from './harness/redis.js';
import { machine } from './harness/report.js';

/** How fast one worker revokes through loopback HTTP, how late it begins, and what a lease costs in Redis. */
const agent = 'spiffe://bench.example/agent/reporter-12';

async function tasksOf(ledger: Ledger, count: number): Promise<string[]> {
  const open = async () =>
    (await ledger.tasks.open({
      id: newTaskId(),
      intent: 'measure revocation',
      agent,
      openedBy: agent,
      labels: {},
      deadlineAt: Date.now() + 3_600_000,
    }))!.id;
  const ids: string[] = [];
  while (ids.length < count)
    ids.push(...(await Promise.all(Array.from({ length: Math.min(256, count - ids.length) }, open))));
  return ids;
}

/** Active leases that fall due as `dueAt` says. */
async function leases(ledger: Ledger, tasks: readonly string[], count: number, dueAt: (n: number) => number) {
  const one = async (n: number) => {
    const taskId = tasks[n % tasks.length]!;
    const id = newLeaseId(taskId);
    const due = dueAt(n);
    const parameters = {};
    const lease = await ledger.leases.reserve(
      {
        id,
        taskId,
        agent,
        entry: 'reports-db',
        provider: 'sink',
        parameters,
        tool: 'sql.query',
        reason: 'quarterly totals',
        handle: {
          lease: id,
          accessor: 'aAbBcCdDeEfFgGhHiIjJkKlL',
          leaseId: `database/creds/reports-readonly/${due}`,
        },
        effect: 'revoked_at_provider',
        ttlSeconds: 3600,
        ceilingSeconds: 3600,
        mintTimeoutMs: 60_000,
      },
      {
        type: 'lease.reserved',
        lease: id,
        task: taskId,
        agent,
        intent: 'measure revocation',
        asked: { entry: 'reports-db', parameters, ttlSeconds: 900 },
        decided: { evaluation: 'bench', is: 'permit', because: ['bench'], policyDigest: 'bench' },
        provider: 'sink',
        ttlSeconds: 900,
        effect: 'revoked_at_provider',
        issuer: 'bench.example',
        claims: {},
      },
    );
    await ledger.leases.activate(lease, { expiresAt: due, effect: 'revoked_at_provider' });
  };
  for (let from = 0; from < count; from += 256)
    await Promise.all(Array.from({ length: Math.min(256, count - from) }, (_, i) => one(from + i)));
}

async function untilNoneIsLeft(redis: Redis): Promise<void> {
  while ((await redis.zcard('{protem}:due:sink')) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Bytes of what there is once for each lease: the record, its places in the indexes; and its history in the audit. */
async function bytesInRedis(redis: Redis): Promise<{ leases: number; history: number }> {
  const sum = { leases: 0, history: 0 };
  for (const key of await redis.keys('{protem}:*')) {
    const bytes = (await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;
    if (/:(log:.*|events|chain|head)$/.test(key)) sum.history += bytes;
    else sum.leases += bytes;
  }
  return sum;
}

const server = await startRedis();
const connection = connectRedis({ url: server.url }, 'asking');
await untilReady(connection, 5000);
const redis = new Redis(server.url);
const ledger = redisLedger(connection);
const sink = await startChild(new URL('./harness/sink-server.js', import.meta.url), {});
const worker = fork(
  new URL('./harness/worker-process.js', import.meta.url),
  [JSON.stringify({ redisUrl: server.url, sinkPort: sink.port })],
  { execArgv: asInProduction },
);
await once(worker, 'message');
const lags = async () => {
  worker.send('lags');
  const [[found, cpu]] = (await once(worker, 'message')) as [[number[], NodeJS.CpuUsage]];
  return { late: found.sort((a, b) => a - b), cpuMicros: cpu.user + cpu.system };
};

const tasks = await tasksOf(ledger, 5000);
const storm = 20_000;
const past = Date.now();
const before = await bytesInRedis(redis);
await leases(ledger, tasks, storm, () => past);
const after = await bytesInRedis(redis);
// As it is where a worker seals ten times a second: what is measured chains its own records, not those of the set-up.
await ledger.log.seal();
const idle = await lags();
const startedAt = performance.now();
worker.send('go');
await untilNoneIsLeft(redis);
const stormSeconds = (performance.now() - startedAt) / 1000;
const stormMicros = ((await lags()).cpuMicros - idle.cpuMicros) / storm;

const spread = 10_000;
const first = Date.now() + 8000;
await leases(ledger, tasks, spread, (n) => first + n);
await untilNoneIsLeft(redis);
const { late } = await lags();
const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))];

machine('one worker process; provider on loopback HTTP; Redis with its append-only file (everysec)');
console.log('| what | measured | target |');
console.log('|---|---|---|');
console.log(
  `| revocations through loopback HTTP, ${storm} due at once | ${Math.round(storm / stormSeconds)}/s; ${Math.round(stormMicros)} µs of the worker's CPU each | >= 8000/s |`,
);
console.log(
  `| expiry to revocation started, ${spread} over 10 s | p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms | p99 <= 100 ms |`,
);
console.log(
  `| Redis memory of a lease with its indexes, 4 to a task | ${Math.round((after.leases - before.leases) / storm)} bytes | <= 550 |`,
);
console.log(
  `| its history beside it (2 events) | ${Math.round((after.history - before.history) / storm)} bytes | |`,
);
worker.kill('SIGKILL');
sink.stop();
server.stop();
process.exit(0);
