import { Cluster } from 'ioredis';
import type { RedisClient } from './script.js';

/** What is unsafe about a state store, each with the name by which an operator may allow it. */
export interface UnsafeStore {
  readonly name: 'redis-eviction' | 'redis-without-persistence' | 'redis-version';
  readonly problem: string;
}

const field = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/**
 * Reads INFO, which managed services allow where CONFIG is forbidden. Snapshots alone lose every lease of the last
 * minutes when the server is killed; eviction loses any lease at any time. In a cluster every master is asked: slots
 * move.
 */
export async function unsafeStore(redis: RedisClient): Promise<UnsafeStore[]> {
  const servers = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const found = await Promise.all(servers.map(async (server) => unsafeServer(await server.info())));
  return [...new Map(found.flat().map((unsafe) => [unsafe.name, unsafe])).values()];
}

function unsafeServer(info: string): UnsafeStore[] {
  const unsafe: UnsafeStore[] = [];
  const policy = field(info, 'maxmemory_policy');
  if (policy !== 'noeviction')
    unsafe.push({
      name: 'redis-eviction',
      problem: `maxmemory-policy is ${policy ?? 'unknown'}: leases could be evicted. Set it to noeviction.`,
    });
  if (field(info, 'aof_enabled') !== '1')
    unsafe.push({
      name: 'redis-without-persistence',
      problem: 'the append-only file is off: a restart would forget live leases. Set appendonly yes.',
    });
  const valkey = field(info, 'valkey_version');
  const version = valkey ?? field(info, 'redis_version') ?? '0';
  if (Number.parseInt(version, 10) < (valkey === undefined ? 7 : 8))
    unsafe.push({
      name: 'redis-version',
      problem: `version ${version} is too old: Redis 7 or Valkey 8 is needed.`,
    });
  return unsafe;
}
