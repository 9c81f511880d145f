import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import type { Process } from './processes.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';

const possible = canRun('a Redis that has lost its index', redisPrograms());
/** The index is looked through every half minute. */
const auditMs = 30_000;

(possible ? describe : describe.skip)('a lease that the index of due leases no longer has', () => {
  let scene: Scene;
  let api: Process;
  beforeAll(async () => {
    scene = await startScene();
    api = await scene.start('api');
    await scene.start('worker');
  }, 120_000);
  afterEach(() => scene.place.provider.trouble());
  afterAll(async () => scene?.close());

  test.each([
    ['one member is missing', (lease: string) => scene.look.redis.zrem('{protem}:due:records', lease)],
    ['the whole set is missing', () => scene.look.redis.del('{protem}:due:records')],
    ['its provider is missing from the list', () => scene.look.redis.del('{protem}:providers')],
  ])(
    'I8 %s: what has expired is found all the same, and revoked',
    async (_what, lose) => {
      const { look, place } = scene;
      const task = await scene.openTask(api);
      const lease = await scene.lease(api, task, { ttl: '2s' });
      await lose(lease);
      await look.becomes(lease, 'revoked', 3 * auditMs);
      expect(place.provider.alive(lease)).toEqual([]);
    },
    180_000,
  );

  test('I8 a revocation under way is missing: it is found all the same', async () => {
    const { look, place } = scene;
    const task = await scene.openTask(api);
    const lease = await scene.lease(api, task);
    place.provider.trouble({ call: /take-credential/, is: 'error' });
    await scene.end(api, task);
    await look.becomes(lease, 'revoking');
    await look.redis.zrem('{protem}:due:records', lease);
    place.provider.trouble();
    await look.becomes(lease, 'revoked', 3 * auditMs);
  }, 180_000);
});
