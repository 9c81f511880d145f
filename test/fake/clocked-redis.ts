import { createHash } from 'node:crypto';
import type { RedisClient } from '../../src/ledger/script.js';

/** A store whose time a test sets: the scripts of the ledger are the real ones, but for the command that asks for it. */
export interface ClockedRedis {
  readonly redis: RedisClient;
  /** Milliseconds since the epoch; may go back. */
  readonly set: (nowMs: number) => Promise<void>;
  readonly now: () => number;
}

const asksTime = "redis.call('TIME')";
const readsClock = "redis.call('HMGET', key('test-clock'), 's', 'us')";

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

/** Another `set` of the same prefix sets the same clock. */
export async function clockedRedis(
  redis: RedisClient,
  prefix: string,
  startMs: number,
): Promise<ClockedRedis> {
  let now = startMs;
  /** What Redis knows a script of the ledger as, by what the ledger knows it as. */
  const clockedShas = new Map<string, string>();
  const set = async (nowMs: number) => {
    now = nowMs;
    const seconds = Math.floor(nowMs / 1000);
    await redis.hset(`${prefix}:test-clock`, { s: seconds, us: (nowMs - seconds * 1000) * 1000 });
  };
  await set(startMs);
  const clocked = new Proxy(redis, {
    get(target, name) {
      if (name === 'evalsha')
        return (sha: string, ...args: [number, ...(string | number)[]]) => {
          const clockedSha = clockedShas.get(sha);
          return clockedSha === undefined
            ? Promise.reject(new Error('NOSCRIPT'))
            : target.evalsha(clockedSha, ...args);
        };
      if (name === 'eval')
        return (text: string, ...args: [number, ...(string | number)[]]) => {
          if (!text.includes(asksTime)) throw new Error('the prelude no longer asks for the time like that');
          const clockedText = text.replaceAll(asksTime, readsClock);
          clockedShas.set(sha1(text), sha1(clockedText));
          return target.eval(clockedText, ...args);
        };
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { redis: clocked, set, now: () => now };
}
