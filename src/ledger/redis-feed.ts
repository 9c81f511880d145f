import type { AuditEvent } from '../audit/event.js';
import type { LogFeed, Told } from './ledger.js';
import type { RedisClient } from './script.js';
import { unavailable } from './script.js';

/** The log as it is written, before it is chained. */
export function redisFeed(redis: RedisClient, prefix: string): LogFeed {
  const key = `${prefix}:events`;
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  return {
    async latest() {
      const [entry] = await ask(redis.xrevrange(key, '+', '-', 'COUNT', 1));
      return entry?.[0] ?? '0-0';
    },
    async after(id, limit) {
      return (await ask(redis.xrange(key, `(${id}`, '+', 'COUNT', limit))).map(toTold);
    },
    async before(id, limit) {
      const from = id === undefined ? '+' : `(${id}`;
      return (await ask(redis.xrevrange(key, from, '-', 'COUNT', limit))).map(toTold);
    },
  };
}

const toTold = ([id, fields]: [id: string, fields: string[]]): Told => ({
  id,
  at: Number(id.slice(0, id.indexOf('-'))),
  event: JSON.parse(fields[1]!) as AuditEvent,
});
