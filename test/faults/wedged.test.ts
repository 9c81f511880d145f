import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';

const possible = canRun('a worker that is alive and does nothing', redisPrograms());
/** A claim is hidden from the others for eight seconds; then somebody does it. */
const claimMs = 8000;
const slowMachineMs = 7000;

(possible ? describe : describe.skip)('a worker that is alive and does nothing', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  }, 120_000);
  afterEach(async () => {
    scene.place.provider.trouble();
    scene.place.provider.watch(undefined);
    await scene.clear();
  });
  afterAll(async () => scene?.close());

  test('I8 frozen (SIGSTOP) in the middle of a revocation: another worker ends it within the claim time', async () => {
    const { place, look } = scene;
    const [api, frozen] = await Promise.all([scene.start('api'), scene.start('worker')]);
    const task = await scene.openTask(api);
    const leases = [await scene.lease(api, task), await scene.lease(api, task)];
    place.provider.trouble({ call: /take-credential/, is: 'hang' });
    await scene.end(api, task);
    await eventually('it has asked for both', () => place.provider.seen.length >= 6);
    frozen.signal('SIGSTOP');
    place.provider.trouble();
    await scene.start('worker');
    const from = performance.now();
    for (const lease of leases) await look.becomes(lease, 'revoked', 30_000);
    expect(performance.now() - from).toBeLessThan(claimMs + slowMachineMs);
    // What it comes back to is over, and stays so.
    frozen.signal('SIGCONT');
    await eventually('it works again', async () => {
      const more = await scene.openTask(api);
      const lease = await scene.lease(api, more, { ttl: '1s' });
      return look.becomes(lease, 'revoked', 10_000);
    });
    const toldOf = async (lease: string) =>
      (await look.events(lease)).filter(({ type }) => type.startsWith('lease.'));
    for (const lease of leases) expect(await toldOf(lease)).toHaveLength(4);
  }, 90_000);

  test('I8 its queue never delivers anything: the sweeper alone ends leases within the claim time', async () => {
    const { place, look } = scene;
    const wedged = { environment: { FAULT_QUEUE: 'silent' } };
    const [api] = await Promise.all([scene.start('api'), scene.startAs(wedged, 'worker')]);
    const task = await scene.openTask(api);
    const ended = [await scene.lease(api, task), await scene.lease(api, task)];
    const other = await scene.openTask(api);
    const expiring = await scene.lease(api, other, { ttl: '2s' });
    await scene.end(api, task);
    const from = performance.now();
    for (const lease of [...ended, expiring]) await look.becomes(lease, 'revoked', 40_000);
    expect(performance.now() - from).toBeLessThan(claimMs + slowMachineMs);
    expect(place.provider.alive()).toEqual([]);
  }, 90_000);
});
