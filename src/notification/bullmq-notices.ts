import { setTimeout as wait } from 'node:timers/promises';
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import type { ConnectionOptions } from 'bullmq';
import type { Message } from './notice.js';
import { againInMs, attempts } from './schedule.js';
import type { Sent } from './send.js';

const queueName = 'notices';

export interface NoticeJob {
  /** Name of the target in the settings. */
  readonly target: string;
  readonly message: Message;
}

export interface NoticeQueue {
  /** The same message to the same target is one job. */
  add(job: NoticeJob): Promise<void>;
  close(): Promise<void>;
}

/** `prefix` must hold the hash tag of the ledger. A job holds what is sent, and no secret. */
export function bullmqNoticeQueue(connection: ConnectionOptions, prefix: string): NoticeQueue {
  const queue = new Queue<NoticeJob>(queueName, { connection, prefix, skipVersionCheck: true });
  queue.on('error', () => {}); // the caller meets the same failure
  return {
    async add(job) {
      await queue.add(job.message.type, job, {
        jobId: `${job.target}-${job.message.id}`,
        attempts,
        backoff: { type: 'days' },
        removeOnComplete: { age: 3600 },
        removeOnFail: { age: 7 * 86_400 },
      });
    },
    close: () => Promise.race([queue.close(), bookkept()]),
  };
}

/** Sends what is queued. `deliver` says what came of an attempt; a target that wants no more is not asked again. */
export function bullmqNoticeWorker(
  options: {
    readonly connection: ConnectionOptions;
    readonly prefix: string;
    readonly onError: (error: unknown) => void;
    /** For tests: milliseconds until the next attempt. */
    readonly againInMs?: (attempted: number) => number;
  },
  deliver: (job: NoticeJob) => Promise<Sent>,
): { close(): Promise<void> } {
  const underWay = new Set<Promise<unknown>>();
  const worker = new Worker<NoticeJob>(
    queueName,
    async ({ data }) => {
      const delivering = deliver(data);
      underWay.add(delivering);
      const sent = await delivering.finally(() => underWay.delete(delivering));
      if (sent.is === 'gone') throw new UnrecoverableError('the receiver wants no more');
      if (sent.is === 'failed') throw new Error(sent.why);
    },
    {
      connection: options.connection,
      prefix: options.prefix,
      concurrency: 8,
      skipVersionCheck: true,
      settings: { backoffStrategy: (attempted) => (options.againInMs ?? againInMs)(attempted) },
    },
  );
  worker.on('error', options.onError);
  worker.on('failed', (_job, error) => options.onError(error));
  return {
    async close() {
      const withoutRedis = async () => {
        await Promise.allSettled(underWay);
        await bookkept();
      };
      await Promise.race([worker.close(), withoutRedis()]);
    },
  };
}

/** While Redis is away BullMQ does not finish closing; what is not written down then is sent again under the same id. */
const bookkept = (): Promise<void> => wait(2000, undefined, { ref: false });
