import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';
import type { Process } from './processes.js';
import { counted, long } from './seed.js';

const possible = canRun('a Redis that is gone for a while', redisPrograms());

/** Twenty seconds: test/stack/redis-outage.test.ts, with what happens to those who ask meanwhile. */
(possible ? describe : describe.skip)('a Redis that is gone for a while', () => {
  let scene: Scene;
  let api: Process;
  beforeAll(async () => {
    // As by default: on a machine that is slow no attempt fails for that.
    scene = await startScene({ sections: { limits: { mintTimeout: '10s', revokeTimeout: '10s' } } });
    api = await scene.start('api');
    await scene.start('worker');
  }, 120_000);
  afterEach(async () => scene.place.redis.begin());
  afterAll(async () => scene?.close());

  test.each([
    [2, 'SIGKILL'],
    [2, 'SIGTERM'],
    ...(long ? [[20, 'SIGKILL'] as const, [60, 'SIGKILL'] as const] : []),
  ] as const)(
    'for %i s, by %s: what fell due or was being revoked meanwhile is revoked when it is back',
    async (seconds, signal) => {
      const { place, look } = scene;
      const [expiring, ending] = [await scene.openTask(api), await scene.openTask(api)];
      const asked = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => scene.lease(api, expiring, { ttl: `${2 + (n % seconds)}s` })),
      );
      // Of two seconds a slow machine may need more than that for minting; it is not handed over then.
      const leases = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(leases.length).toBeGreaterThan(0);
      place.provider.trouble({ call: /take-credential/, is: 'slow', laterMs: 500 });
      const before = leases.length;
      for (let n = 0; n < 5; n++) leases.push(await scene.lease(api, ending));
      await scene.end(api, ending);
      await place.redis.end(signal);
      await wait(seconds * 1000);
      place.provider.trouble();
      await place.redis.begin();
      const backAt = performance.now();
      const dueByNow = await eventually('Redis takes commands', async () => {
        const found = await Promise.all(leases.map((id) => look.lease(id)));
        return found.every((lease) => lease !== undefined) && found;
      });
      expect(dueByNow).toHaveLength(before + 5);
      for (const lease of leases) await scene.over(lease, 60_000);
      counted(`Redis gone for ${seconds} s`, {
        leases: leases.length,
        lost: 0,
        'all revoked after ms': Math.round(performance.now() - backAt),
      });
    },
    180_000,
  );
});
