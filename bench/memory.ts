import { Redis } from 'ioredis';
import { connectRedis, untilReady } from '../src/ledger/redis-connection.js';
import { redisLedger } from '../src/ledger/redis-ledger.js';
import { makeLeases, openTasks } from './harness/leases.js';
import { startRedis } from './harness/redis.js';
import { machine } from './harness/report.js';

/** What a lease costs in Redis. */
const count = 20_000;

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
const tasks = await openTasks(ledger, count / 4);
const inAnHour = Date.now() + 3_600_000;

/** Bytes for each of `count` leases that end as they were to, or `later` than that: then both ends are written down. */
async function bytesOfLeases(later: number) {
  const before = await bytesInRedis(redis);
  await makeLeases(ledger, tasks, count, () => inAnHour + later);
  // As a worker does: only then are the events in their histories, and chained.
  await ledger.log.seal();
  const after = await bytesInRedis(redis);
  return {
    leases: Math.round((after.leases - before.leases) / count),
    history: Math.round((after.history - before.history) / count),
  };
}

const asPromised = await bytesOfLeases(-1000);
const late = await bytesOfLeases(60_000);

machine('MEMORY USAGE of every key that holds a share of a lease');
console.log('| what | measured | target |');
console.log('|---|---|---|');
console.log(
  `| Redis memory of a lease with its indexes, 4 to a task | ${asPromised.leases} bytes | <= 550 |`,
);
console.log(`| of one that the provider ends later than was promised | ${late.leases} bytes | <= 550 |`);
console.log(`| its history beside it (2 events, chained) | ${asPromised.history} bytes | |`);
redis.disconnect();
server.stop();
process.exit(0);
