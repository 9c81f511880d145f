import type { Notice } from '../notification/notice.js';
import type { NoticeLedger } from './notice-ledger.js';
import type { RedisClient } from './script.js';
import { unavailable } from './script.js';

export function redisNotices(redis: RedisClient, prefix: string): NoticeLedger {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const texts = new WeakMap<Notice, string>();
  return {
    async waiting(limit) {
      const found = await ask(redis.lrange(`${prefix}:notices`, 0, limit - 1));
      return found.map((text) => {
        const notice = JSON.parse(text) as Notice;
        texts.set(notice, text);
        return notice;
      });
    },
    done: async (notice) =>
      void (await ask(redis.lrem(`${prefix}:notices`, 1, texts.get(notice) ?? JSON.stringify(notice)))),
    disable: async (target) => void (await ask(redis.sadd(`${prefix}:notices:disabled`, target))),
    isDisabled: async (target) => (await ask(redis.sismember(`${prefix}:notices:disabled`, target))) === 1,
  };
}
