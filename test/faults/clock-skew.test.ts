import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';

const possible = canRun('clocks that are wrong', redisPrograms());
const preload = fileURLToPath(new URL('./shifted-clock.js', import.meta.url));
const shifted = (seconds: number) => ({
  execArgv: ['--import', preload],
  environment: { FAULT_CLOCK_MS: String(seconds * 1000) },
});

(possible ? describe : describe.skip)('I8 a host whose clock is wrong', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  }, 120_000);
  afterEach(async () => scene.clear());
  afterAll(async () => scene?.close());

  test.each([
    ['the worker', 30, 0, 30],
    ['the worker', -30, 0, -30],
    ['the api', 30, 30, 0],
    ['the api', -30, -30, 0],
    ['one against the other', 60, 30, -30],
  ])('%s by %i s: leases end when the time of Redis says so', async (_who, _by, apiBy, workerBy) => {
    const { look, place } = scene;
    const api = await scene.startAs(shifted(apiBy), 'api');
    await scene.startAs(shifted(workerBy), 'worker');
    const task = await scene.openTask(api);
    const [short, long] = [
      await scene.lease(api, task, { ttl: '3s' }),
      await scene.lease(api, task, { ttl: '1h' }),
    ];
    const dueAt = (await look.lease(short))!.reservedAt + 3000;
    const { revocationRequestedAt, cause } = await look.becomes(short, 'revoked', 30_000);
    const [begun] = (await look.ledger.log.read({ subject: short, pageSize: 10 })).items.filter(
      ({ event }) => event.type === 'lease.revoking',
    );
    expect(cause).toBe('expiry');
    expect(revocationRequestedAt).toBe(dueAt);
    expect(begun!.at).toBeGreaterThanOrEqual(dueAt);
    // Half of what the clock is wrong by: no machine is as slow as that.
    expect(begun!.at - dueAt).toBeLessThan(15_000);
    expect(place.provider.alive(short)).toEqual([]);
    expect((await look.lease(long))!.state).toBe('active');
    await scene.end(api, task);
    await look.becomes(long, 'revoked', 30_000);
  });
});
