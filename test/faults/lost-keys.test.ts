import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import type { Process } from './processes.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';

const possible = canRun('a Redis that has lost a key', redisPrograms());

(possible ? describe : describe.skip)('a Redis that has lost a key', () => {
  let scene: Scene;
  let api: Process;
  beforeAll(async () => {
    scene = await startScene();
    api = await scene.start('api');
  }, 120_000);
  afterEach(async () => {
    await scene.clear();
    api = await scene.start('api');
  });
  afterAll(async () => scene?.close());

  test('I8 every key of the queue, with the work in it: what was in it is revoked all the same', async () => {
    const { look, place } = scene;
    const task = await scene.openTask(api);
    const leases = await Promise.all(Array.from({ length: 30 }, () => scene.lease(api, task)));
    await scene.end(api, task);
    const keys = await look.redis.keys('{protem}:revoke-records:*');
    expect(keys.length).toBeGreaterThan(1);
    await look.redis.del(...keys);
    await scene.start('worker');
    for (const lease of leases) await look.becomes(lease, 'revoked', 40_000);
    for (const lease of leases) expect(place.provider.alive(lease)).toEqual([]);
  }, 90_000);

  test('I8 the jobs of the queue, while their ids stay in its list', async () => {
    const { look, place } = scene;
    const task = await scene.openTask(api);
    const leases = await Promise.all(Array.from({ length: 30 }, () => scene.lease(api, task)));
    await scene.end(api, task);
    const jobs = (await look.redis.keys('{protem}:revoke-records:*')).filter((key) => /:\d+$/.test(key));
    expect(jobs.length).toBeGreaterThan(0);
    await look.redis.del(...jobs);
    await scene.start('worker');
    for (const lease of leases) await look.becomes(lease, 'revoked', 40_000);
    for (const lease of leases) expect(place.provider.alive(lease)).toEqual([]);
  }, 90_000);

  test.each([
    ['is gone', (key: string) => scene.look.redis.del(key)],
    ['cannot be read', (key: string) => scene.look.redis.set(key, 'r\u0000bbish')],
    [
      'has no handle',
      async (key: string) => {
        const [head] = (await scene.look.redis.get(key))!.split('\n');
        return scene.look.redis.set(key, `${head}\n{"a":"agent","c":"records-entry"}`);
      },
    ],
  ])(
    'the record of a lease %s: it is kept aside and told of, and its neighbours are revoked',
    async (_what, lose) => {
      const { look } = scene;
      const task = await scene.openTask(api);
      const leases = await Promise.all(
        Array.from({ length: 5 }, () => scene.lease(api, task, { ttl: '3s' })),
      );
      const [lost, ...others] = leases;
      await lose(`{protem}:${lost}`);
      await scene.start('worker');
      for (const lease of others) await look.becomes(lease, 'revoked', 40_000);
      await eventually('it is told of', async () =>
        (await look.events(lost!)).some(({ type }) => type === 'lease.quarantined'),
      );
      expect(await look.redis.zscore('{protem}:quarantine', lost!)).not.toBeNull();
      expect(await look.redis.zscore('{protem}:due:records', lost!)).toBeNull();
    },
    90_000,
  );
});
