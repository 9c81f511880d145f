import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from './eventually.js';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { reading, revoking, startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

const runs = canRun('orderly stops', redisPrograms());

(runs ? describe : describe.skip)('told to stop', () => {
  let redis: RedisServer;
  let world: World;
  let place: VaultPlace;
  let config: string;
  let look: LedgerReader;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    place = world.providers['vault']!;
    config = world.configure({
      redis: { url: redis.url },
      limits: { mintTimeout: '10s', revokeTimeout: '10s' },
      worker: { concurrency: 2 },
    });
    look = await world.ledger({ url: redis.url });
  }, 120_000);
  afterEach(() => place.gate.open());
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  test('an api answers the requests under way, takes no more, and ends with 0', async () => {
    const api = await world.start('api', config);
    const task = await world.openTask(api.api);
    const held = place.gate.hold(reading, 'before');
    const answers = [1, 2, 3].map(() => world.ask(api.api, task));
    await eventually('all three are under way', () => held.count() === 3);
    const ended = api.stop();
    await api.says('protem is stopping');
    await eventually('it takes no more', () =>
      api.api.call('GET', '/livez').then(
        () => false,
        () => true,
      ),
    );
    expect(api.running()).toBe(true);
    held.release();
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(201);
      expect(await place.lets(body.secret)).toBe(true);
      expect((await look.lease(body.lease.id))?.state).toBe('active');
    }
    expect(await ended).toBe(0);
  });

  test('a worker finishes the revocations under way, and leaves the rest to the next', async () => {
    const [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const task = await world.openTask(api.api);
    const grants = await world.askOften(api.api, task, 120);
    const held = place.gate.hold(revoking, 'before');
    expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    await held.reached;
    const ended = worker.stop();
    await worker.says('protem is stopping');
    expect(worker.running()).toBe(true);
    held.release();
    expect(await ended).toBe(0);
    const states = await Promise.all(grants.map(async ({ lease }) => (await look.lease(lease.id))?.state));
    // Two jobs of 50 were under way; nothing of them is left half done, and nothing else was begun.
    expect(states.filter((state) => state === 'revoked')).toHaveLength(100);
    expect(states.filter((state) => state === 'revoking')).toHaveLength(20);

    const next = await world.start('worker', config);
    for (const { lease, secret } of grants) {
      await look.becomes(lease.id, 'revoked');
      expect(await place.lets(secret)).toBe(false);
    }
    expect(await Promise.all([api.stop(), next.stop()])).toEqual([0, 0]);
  }, 40_000);

  test('while Redis is away it still ends, in seconds', async () => {
    const both = await world.start('serve', config);
    await redis.end('SIGTERM');
    const startedAt = performance.now();
    await both.stop();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await redis.begin();
  });
});
