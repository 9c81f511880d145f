import { setTimeout as wait } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import type { ConnectionOptions } from 'bullmq';
import type { RevocationQueue, RevocationWorker, RevokeOne } from './revocation-queue.js';

/** A queue and a pool of workers per provider: a dead provider fills only its own (I10). */
const queueName = (provider: string) => `revoke-${provider}`;

/** Leases in one job: a storm costs the queue little, and a lone lease still goes alone. */
const jobSize = 50;

const jobOptions = { removeOnComplete: true, removeOnFail: true };

/** `prefix` must hold the hash tag of the ledger. Job data is lease ids, and which trace they were asked for in. */
export function bullmqRevocationQueue(connection: ConnectionOptions, prefix: string): RevocationQueue {
  const queues = new Map<string, Queue>();
  const queueOf = (provider: string): Queue => {
    let queue = queues.get(provider);
    if (!queue) {
      queue = new Queue(queueName(provider), { connection, prefix, skipVersionCheck: true });
      queue.on('error', () => {}); // the caller meets the same failure
      queues.set(provider, queue);
    }
    return queue;
  };
  return {
    async add(provider, leaseIds, from) {
      const jobs = [];
      for (let at = 0; at < leaseIds.length; at += jobSize)
        jobs.push({
          name: 'revoke',
          data: { leaseIds: leaseIds.slice(at, at + jobSize), ...(from !== undefined && { from }) },
          opts: jobOptions,
        });
      if (jobs.length > 0) await queueOf(provider).addBulk(jobs);
    },
    backlog: (provider) => queueOf(provider).getWaitingCount(),
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/**
 * Works off one provider's queue. A job of a worker that was killed is run again after seconds, and without limit:
 * BullMQ's default gives up after the second crash.
 */
export function bullmqRevocationWorker(
  options: {
    readonly connection: ConnectionOptions;
    readonly prefix: string;
    readonly provider: string;
    readonly concurrency: number;
    readonly onError: (error: unknown) => void;
  },
  revokeOne: RevokeOne,
): RevocationWorker {
  const underWay = new Set<Promise<unknown>>();
  const worker = new Worker<{ leaseIds: readonly string[]; from?: string }>(
    queueName(options.provider),
    async (job) => {
      const work = Promise.allSettled(job.data.leaseIds.map((id) => revokeOne(id, job.data.from)));
      underWay.add(work);
      const ends = await work.finally(() => underWay.delete(work));
      const broken = ends.find((end) => end.status === 'rejected');
      if (broken) throw broken.reason;
    },
    {
      connection: options.connection,
      prefix: options.prefix,
      concurrency: options.concurrency,
      lockDuration: 5000,
      stalledInterval: 2000,
      maxStalledCount: 1_000_000,
      runRetryDelay: 500,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      skipVersionCheck: true,
    },
  );
  worker.on('error', options.onError);
  worker.on('failed', (_job, error) => options.onError(error));
  return {
    idle: () => underWay.size === 0,
    async close() {
      const withoutRedis = async () => {
        do {
          await Promise.allSettled(underWay);
          await wait(bookkeepingMs, undefined, { ref: false });
        } while (underWay.size > 0);
      };
      await Promise.race([worker.close(), withoutRedis()]);
    },
  };
}

/** While Redis is away BullMQ does not finish closing; what it could still write down then, the ledger finds again. */
const bookkeepingMs = 2000;
