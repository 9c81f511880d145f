import { Pool } from 'undici';
import { openBreaker } from '../../src/broker/breaker.js';
import { silentMeter } from '../../src/broker/meter.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Provider } from '../../src/issuance/provider.js';
import { connectRedis, untilReady } from '../../src/ledger/redis-connection.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import {
  bullmqRevocationQueue,
  bullmqRevocationWorker,
} from '../../src/revocation/bullmq-revocation-queue.js';
import { runWorker } from '../../src/worker/run-worker.js';

/**
 * One worker as production runs it, against a provider that revokes over loopback HTTP. It tells its parent, for every
 * lease, how late the revocation began: the due time is the last part of its lease id at the provider.
 */
const { redisUrl, sinkPort } = JSON.parse(process.argv[2]!) as { redisUrl: string; sinkPort: number };
const pool = new Pool(`http://127.0.0.1:${sinkPort}`, { connections: 64, pipelining: 1 });
let started: number[] = [];

const sink: Provider = {
  name: 'sink',
  kind: 'sink',
  minimumTtlSeconds: () => 1,
  maximumTtlSeconds: 86_400,
  effect: () => 'revoked_at_provider',
  plan: () => ({}),
  issue: () => Promise.reject(new Error('not here')),
  async revoke(handle) {
    started.push(Date.now() - Number(String(handle['leaseId']).split('/').at(-1)));
    const answer = await pool.request({ path: '/revoke', method: 'POST', body: JSON.stringify(handle) });
    await answer.body.dump();
    return { is: 'revoked' };
  },
  check: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

const [asking, waiting] = [
  connectRedis({ url: redisUrl }, 'asking'),
  connectRedis({ url: redisUrl }, 'waiting'),
];
await Promise.all([untilReady(asking, 5000), untilReady(waiting, 5000)]);
const ports = {
  providers: new Map([['sink', sink]]),
  ledger: redisLedger(asking),
  queue: bullmqRevocationQueue(asking, '{protem}'),
  breakers: { issuing: openBreaker(), revoking: openBreaker() },
  meter: silentMeter,
  log: { info() {}, warn: console.warn, error: console.error },
  limits: { revokeTimeoutMs: 10_000 },
} as unknown as Ports;

process.on('message', (message) => {
  if (message === 'go')
    runWorker(ports, {
      sealEveryMs: 100,
      work: (provider, revokeOne) =>
        bullmqRevocationWorker(
          { connection: waiting, prefix: '{protem}', provider, concurrency: 16, onError: console.error },
          revokeOne,
        ),
    });
  if (message === 'lags') {
    process.send?.([started, process.cpuUsage()]);
    started = [];
  }
});
process.once('disconnect', () => process.exit(0));
process.send?.(0);
