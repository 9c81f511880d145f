import { randomBytes } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { connectRedis, untilReady } from '../../src/ledger/redis-connection.js';
import type { ConnectionMood } from '../../src/ledger/redis-connection.js';
import type { RedisClient } from '../../src/ledger/script.js';

/** The stores that this run has: every test of the ledger runs on each. */
export const backends = [
  { name: 'embedded Valkey', url: process.env['PROTEM_TEST_VALKEY'] },
  { name: 'real Redis', url: process.env['PROTEM_TEST_REDIS'] },
].filter((backend): backend is { name: string; url: string } => backend.url !== undefined);

export const uniquePrefix = (): string => `{test-${randomBytes(6).toString('hex')}}`;

const open: RedisClient[] = [];

/** A connection that is closed when the test file ends. */
export async function connected(url: string, mood: ConnectionMood = 'asking'): Promise<RedisClient> {
  const redis = connectRedis({ url }, mood);
  redis.on('error', () => {});
  await untilReady(redis, 5000);
  open.push(redis);
  return redis;
}

afterAll(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});
