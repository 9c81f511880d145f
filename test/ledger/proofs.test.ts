import { beforeAll, describe, expect, test } from '@jest/globals';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { clockedRedis } from '../fake/clocked-redis.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const proof = { jti: 'one', thumbprint: 'key', keepMs: 70_000 };

describe.each(backends)('proofs of possession, on $name', ({ url }) => {
  let redis: RedisClient;
  beforeAll(async () => {
    redis = await connected(url);
  });

  test('TOK-05 a proof is first once, whichever process sees it, and is forgotten when it is stale', async () => {
    const prefix = uniquePrefix();
    const [one, other] = [1, 2].map(() => redisLedger(redis, { prefix }).proofs(undefined));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? one : other)!.see(proof)),
    );
    expect(answers.filter(({ isFirst }) => isFirst)).toHaveLength(1);
    expect(answers.every(({ nonceHolds, nonce }) => nonceHolds && nonce === undefined)).toBe(true);
    expect((await one!.see({ ...proof, thumbprint: 'other' })).isFirst).toBe(true);
    expect((await one!.see({ ...proof, jti: 'two' })).isFirst).toBe(true);
    const [name] = await redis.keys(`${prefix}:proof:*`);
    expect(await redis.pttl(name!)).toBeGreaterThan(60_000);
    expect(await redis.pttl(name!)).toBeLessThanOrEqual(70_000);
  });

  test('TOK-07 nonces are shared by the processes, turn over, and hold for one more turn', async () => {
    const prefix = uniquePrefix();
    const clocked = await clockedRedis(redis, prefix, 1_767_225_600_000);
    const proofs = () => redisLedger(clocked.redis, { prefix }).proofs(60_000);
    const see = (jti: string, nonce = '') => proofs().see({ ...proof, jti, nonce });

    const without = await see('a');
    expect(without).toMatchObject({ nonceHolds: false, nonce: expect.stringMatching(/^[\w-]{24}$/) });
    const first = without.nonce!;
    expect(await see('a', first)).toEqual({ nonceHolds: true, nonce: first, isFirst: true });
    expect(await see('a', first)).toMatchObject({ nonceHolds: true, isFirst: false });
    await clocked.set(clocked.now() + 60_000);
    const next = await see('b', first);
    expect(next).toMatchObject({ nonceHolds: true, isFirst: true });
    expect(next.nonce).not.toBe(first);
    await clocked.set(clocked.now() + 60_000);
    const third = await see('c', first);
    expect(third.nonceHolds).toBe(false);
    expect(await see('c', next.nonce)).toMatchObject({ nonceHolds: true, isFirst: true });
    expect(await see('c', 'guessed')).toMatchObject({ nonceHolds: false });
    // What a proof is kept for outlasts the nonce in it.
    expect(new Set([first, next.nonce, third.nonce]).size).toBe(3);
  });

  test('what cannot be remembered is not accepted', async () => {
    const gone = new Proxy(redis, {
      get: (target, name) =>
        name === 'evalsha' || name === 'eval'
          ? () => Promise.reject(new Error('connection lost'))
          : (Reflect.get(target, name) as unknown),
    });
    await expect(
      redisLedger(gone, { prefix: uniquePrefix() }).proofs(undefined).see(proof),
    ).rejects.toMatchObject({
      code: 'state.unavailable',
    });
  });
});
