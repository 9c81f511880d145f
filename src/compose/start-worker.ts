import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Ports } from '../broker/ports.js';
import { createMetricsServer } from '../http/metrics-server.js';
import type { Tracing } from '../kernel/tracing.js';
import type { PrometheusMeter } from '../http/prometheus-meter.js';
import type { RedisClient } from '../ledger/script.js';
import { bullmqNoticeQueue, bullmqNoticeWorker } from '../notification/bullmq-notices.js';
import { bullmqRevocationWorker } from '../revocation/bullmq-revocation-queue.js';
import type { Settings } from '../settings/load.js';
import { tracedRevocation } from './traced.js';
import { anchorsOf } from '../worker/anchors.js';
import { canaryFlights } from '../worker/canary-flights.js';
import { checkpoints } from '../worker/checkpoints.js';
import { deliverNotice, queueNotices } from '../worker/notices.js';
import { orphanScan } from '../worker/orphan-scan.js';
import { runWorker } from '../worker/run-worker.js';

/** Everything of the role `worker`. `connection` waits for Redis to come back, as BullMQ's workers need. */
export async function startWorker(
  settings: Settings,
  ports: Ports,
  metrics: PrometheusMeter,
  connection: RedisClient,
  log: Logger,
  closing: (() => Promise<unknown>)[],
  tracing?: Tracing,
) {
  const worker = runWorker(ports, {
    sealEveryMs: 100,
    work: (provider, revokeOne) =>
      bullmqRevocationWorker(
        {
          connection,
          prefix: settings.redis.prefix,
          provider,
          concurrency: settings.worker.concurrency,
          onError: (error) => log.warn({ provider, err: error }, 'revocation worker'),
        },
        tracing ? tracedRevocation(provider, revokeOne, tracing) : revokeOne,
      ),
  });
  closing.push(() => worker.close());
  if (settings.worker.metrics) await serveMetrics(settings.worker.metrics, metrics, log, closing);
  if (settings.canary) {
    const { every, ...canary } = settings.canary;
    const flying = canaryFlights(ports, { ...canary, everyMs: every * 1000 });
    closing.push(() => flying.close());
  }
  if (ports.signer) {
    const { checkpointEvery, checkpointRecords } = settings.audit;
    const signing = checkpoints(ports, ports.signer, {
      everyMs: checkpointEvery * 1000,
      everyRecords: checkpointRecords,
      anchors: anchorsOf(settings.audit, ports.ledger.checkpoints),
    });
    closing.push(() => signing.close());
  }
  tellOutside(settings, ports, connection, log, closing);
  const scanning = orphanScan(ports);
  closing.push(() => scanning.close());
}

/** Approvals and emergencies, to whoever is to be told of them. */
function tellOutside(
  { notifications, redis, console }: Settings,
  ports: Ports,
  connection: RedisClient,
  log: Logger,
  closing: (() => Promise<unknown>)[],
) {
  const queue = bullmqNoticeQueue(connection, redis.prefix);
  const worker = bullmqNoticeWorker(
    {
      connection,
      prefix: redis.prefix,
      onError: (error) => log.warn({ err: error }, 'notices'),
    },
    (job) => deliverNotice(ports, notifications, job),
  );
  const moving = queueNotices(ports, notifications, queue, console?.url ?? '');
  closing.push(
    () => queue.close(),
    () => worker.close(),
    () => moving.close(),
  );
}

async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  metrics: PrometheusMeter,
  log: Logger,
  closing: (() => Promise<unknown>)[],
) {
  const server = createMetricsServer(metrics);
  server.listen(port, host);
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  log.info({ host, port: (server.address() as AddressInfo).port }, 'metrics of the worker are served');
}
