import { afterEach } from '@jest/globals';
import { Queue } from 'bullmq';
import { grant } from '../../src/broker/grant.js';
import type { Log, Ports } from '../../src/broker/ports.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import {
  bullmqRevocationQueue,
  bullmqRevocationWorker,
} from '../../src/revocation/bullmq-revocation-queue.js';
import type { RevocationQueue } from '../../src/revocation/revocation-queue.js';
import { runWorker } from '../../src/worker/run-worker.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

export interface Plant {
  readonly prefix: string;
  readonly redis: RedisClient;
  readonly ledger: Ledger;
  readonly queue: RevocationQueue;
  readonly ports: Ports;
  readonly told: string[];
  /** Starts a worker as a process of its own would: other connections, another view of the ledger. */
  readonly startWorker: (over?: Partial<Ports>) => Promise<{ close(): Promise<void> }>;
  readonly lease: (provider?: string, ttlSeconds?: number) => Promise<Lease>;
  /** Asks for the end of a lease, and tells no worker of it. */
  readonly end: (lease: Lease) => Promise<void>;
  /** Throws away every job of a provider, waiting or running, and the queue itself. */
  readonly obliterate: (provider: string) => Promise<void>;
}

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

/** Real BullMQ and a real ledger on one store, with pretend providers behind. */
export async function plant(
  providers: PretendProvider[],
  options: { claimMs?: number; retentionMs?: number } = {},
): Promise<Plant> {
  const { url } = backends[0]!;
  const prefix = uniquePrefix();
  const told: string[] = [];
  const log: Log = {
    info: (_facts, message) => void told.push(message),
    warn: (_facts, message) => void told.push(message),
    error: (_facts, message) => void told.push(message),
  };
  const portsOf = async (over: Partial<Ports> = {}) => {
    const redis = await connected(url);
    const ledger = redisLedger(redis, { prefix, ...options });
    await ledger.check();
    const queue = bullmqRevocationQueue(redis, prefix);
    toClose.push(() => queue.close());
    return { redis, ports: brokerPorts(ledger, providers, { queue, log, ...over }).ports };
  };
  const { redis, ports } = await portsOf();
  return {
    prefix,
    redis,
    ledger: ports.ledger,
    queue: ports.queue,
    ports,
    told,
    async startWorker(over) {
      const own = await portsOf(over);
      const connection = await connected(url, 'waiting');
      const worker = runWorker(own.ports, {
        sealEveryMs: 20,
        work: (provider, revokeOne) =>
          bullmqRevocationWorker(
            { connection, prefix, provider, concurrency: 4, onError: (error) => told.push(String(error)) },
            revokeOne,
          ),
      });
      let closing: Promise<void> | undefined;
      const close = () => (closing ??= worker.close());
      toClose.push(close);
      return { close };
    },
    async lease(provider = providers[0]!.name, ttlSeconds = 900) {
      const deadlineAt = ports.ledger.clock() + 3_600_000;
      const task = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
      const ask = { task: task.id, credential: `${provider}-entry`, parameters: {}, ttlSeconds };
      return (await grant(ports, agent, ask)).lease;
    },
    async end(lease) {
      await ports.ledger.leases.revoke(lease.id, 'operator', 'op');
    },
    async obliterate(provider) {
      const queue = new Queue(`revoke-${provider}`, {
        connection: await connected(url, 'waiting'),
        prefix,
        skipVersionCheck: true,
      });
      await queue.obliterate({ force: true });
      await queue.close();
    },
  };
}

const longestWaitMs = 15_000;

/** Waits for something to come true; it is an error when it does not. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + longestWaitMs;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error('it did not come true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
