import type { SignedCheckpoint } from '../audit/checkpoint.js';
import type { CheckpointLog } from './ledger.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import { unavailable } from './script.js';
import type { RedisClient } from './script.js';

type Entry = [id: string, fields: string[]];

/** Signed checkpoints as a stream whose ids are the places in the chain: for each place there can be only one. */
export function redisCheckpoints(redis: RedisClient, prefix: string): CheckpointLog {
  const key = `${prefix}:checkpoints`;
  const anchored = `${prefix}:anchored`;
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const after = async (seq: number, limit: number): Promise<SignedCheckpoint[]> =>
    (await ask(redis.xrange(key, `(${seq}-0`, '+', 'COUNT', limit))).map(toCheckpoint);

  return {
    async add({ seq, at, jws }) {
      try {
        await redis.xadd(key, `${seq}-0`, 'a', at, 'j', jws);
        return true;
      } catch (error) {
        if (String(error).includes('equal or smaller')) return false;
        throw unavailable(error);
      }
    },

    async last() {
      const [entry] = await ask(redis.xrevrange(key, '+', '-', 'COUNT', 1));
      return entry && toCheckpoint(entry);
    },

    after,

    async list({ pageSize, pageToken }) {
      const [from = '0'] = decodePageToken(pageToken, /^\d{1,16}$/) ?? [];
      const items = await after(Number(from), pageSize);
      return items.length < pageSize
        ? { items }
        : { items, nextPageToken: encodePageToken([items.at(-1)!.seq]) };
    },

    anchored: async (name) => Number((await ask(redis.hget(anchored, name))) ?? 0),

    async setAnchored(name, seq) {
      await ask(redis.hset(anchored, name, seq));
    },
  };
}

const toCheckpoint = ([id, fields]: Entry): SignedCheckpoint => ({
  seq: Number(id.split('-')[0]),
  at: Number(fields[1]),
  jws: fields[3]!,
});
