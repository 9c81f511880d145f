import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';

const possible = canRun('a worker that is killed again and again', redisPrograms());
/** A crashed job is found after seven seconds at most, a lost claim after less; the rest is for a slow machine. */
const atLastMs = 10_000;

(possible ? describe : describe.skip)('a worker that is killed again and again over one lease', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  }, 120_000);
  afterEach(async () => {
    scene.place.provider.watch(undefined);
    await scene.clear();
  });
  afterAll(async () => scene?.close());

  /** Starts a worker that dies when it asks the provider to take this lease back. */
  async function workerDies(lease: string, call: string, when: 'arrived' | 'done'): Promise<void> {
    const { provider } = scene.place;
    const asked = () => provider.made.find((made) => made.lease === lease)!;
    const worker = await scene.start('worker');
    provider.watch((seen, at, pid) => {
      if (seen === call && at === when && pid === worker.pid) worker.signal('SIGKILL');
    });
    await worker.ended;
    expect(asked()).toBeDefined();
  }

  test.each([
    [1, 'take-credential', 'arrived'],
    [2, 'take-credential', 'arrived'],
    [3, 'take-credential', 'arrived'],
    [3, 'take-token', 'done'],
  ] as const)(
    'I8 killed %i times at %s, %s: the next worker revokes it within ten seconds of its start',
    async (times, call, when) => {
      const { place, look } = scene;
      const api = await scene.start('api');
      const task = await scene.openTask(api);
      const lease = await scene.lease(api, task);
      await scene.end(api, task);
      for (let kill = 0; kill < times; kill++) {
        // After the first, what was done at the provider is done: the worker finds that out, and must write it down.
        const at = when === 'done' && kill > 0 ? 'take-credential' : call;
        await workerDies(lease, at, when === 'done' && kill > 0 ? 'arrived' : when);
        place.provider.watch(undefined);
        expect((await look.lease(lease))?.state).toBe('revoking');
      }
      await scene.start('worker');
      const startedAt = performance.now();
      await look.becomes(lease, 'revoked', 2 * atLastMs);
      expect(performance.now() - startedAt).toBeLessThan(atLastMs);
      expect(place.provider.alive(lease)).toEqual([]);
    },
    120_000,
  );
});
