import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { connectRedis, untilReady } from '../src/ledger/redis-connection.js';
import { redisLedger } from '../src/ledger/redis-ledger.js';
import { asInProduction, startChild } from './harness/child.js';
import { makeLeases, openTasks } from './harness/leases.js';
import { startRedis } from './harness/redis.js';
import { machine } from './harness/report.js';

/** How fast one worker revokes through loopback HTTP, and how late it begins. */

async function untilNoneIsLeft(redis: Redis): Promise<void> {
  while ((await redis.zcard('{protem}:due:sink')) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
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

const tasks = await openTasks(ledger, 5000);
const storm = 20_000;
const past = Date.now();
await makeLeases(ledger, tasks, storm, () => past);
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
await makeLeases(ledger, tasks, spread, (n) => first + n);
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
worker.kill('SIGKILL');
sink.stop();
server.stop();
process.exit(0);
