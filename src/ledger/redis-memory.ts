import { Cluster } from 'ioredis';
import type { RedisClient } from './script.js';

const field = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);

/** How much of `maxmemory` is used, 0 to about 1; 0 where there is no limit. Of a cluster, the fullest master counts. */
export async function usedShare(redis: RedisClient): Promise<number> {
  const servers = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const shares = servers.map(async (server) => {
    const info = await server.info('memory');
    const limit = field(info, 'maxmemory');
    // What is kept for replicas and the append-only file does not count against the limit (redis.conf, maxmemory).
    return limit === 0
      ? 0
      : Math.max(0, field(info, 'used_memory') - field(info, 'mem_not_counted_for_evict')) / limit;
  });
  return Math.max(...(await Promise.all(shares)));
}
