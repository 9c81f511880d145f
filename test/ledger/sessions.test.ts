import { describe, expect, test } from '@jest/globals';
import { redisSessions } from '../../src/ledger/redis-sessions.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

describe.each(backends)('sessions in $name', ({ url }) => {
  test('are found until they end or are forgotten, and every use gives them their life again', async () => {
    const redis = await connected(url);
    const prefix = uniquePrefix();
    const store = redisSessions(redis, prefix);
    expect(await store.find('d')).toBeUndefined();
    await store.keep('d', 'record', 60_000);
    expect(await store.find('d')).toBe('record');
    expect(await redis.pttl(`${prefix}:session:d`)).toBeLessThanOrEqual(60_000);
    expect(await store.find('d', 120_000)).toBe('record');
    expect(await redis.pttl(`${prefix}:session:d`)).toBeGreaterThan(60_000);
    await store.forget('d');
    expect(await store.find('d', 120_000)).toBeUndefined();
  });
});
