import { setTimeout as wait } from 'node:timers/promises';
import { startScene } from '../../test/faults/scene.js';
import type { Process } from '../../test/faults/processes.js';
import type { Scene } from '../../test/faults/scene.js';
import { eventually } from '../../test/stack/eventually.js';
import type { Row } from './row.js';

const times = 6;
const round = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const worst = (what: string, target: number, all: readonly number[]): Row => ({
  what,
  measured: `worst of ${all.length}: ${round(Math.max(...all))}`,
  target: `<= ${target / 1000} s`,
  met: Math.max(...all) <= target,
});

/** How long after the death of a process a lease is attempted again, by a worker that was there or that comes then. */
export async function crashToRerun(): Promise<Row[]> {
  const scene = await startScene();
  const api = await scene.start('api');
  const [inTheMiddle, afterTheClaim] = [[] as number[], [] as number[]];
  for (let nth = 0; nth < times; nth++) {
    inTheMiddle.push(await killedInTheMiddle(scene, api, nth % 2 === 0));
    afterTheClaim.push(await killedAfterTheClaim(scene, api));
  }
  await scene.close();
  return [
    worst('worker killed in the middle of a revocation, to its next attempt', 10_000, inTheMiddle),
    worst('process killed between its claim and the queue, to the attempt', 10_000, afterTheClaim),
  ];
}

async function killedInTheMiddle(scene: Scene, api: Process, another: boolean): Promise<number> {
  const { provider } = scene.place;
  const workers = [await scene.start('worker'), ...(another ? [await scene.start('worker')] : [])];
  let diedAt = 0;
  provider.watch((call, _when, pid) => {
    if (call !== 'take-credential' || diedAt > 0) return;
    diedAt = Date.now();
    workers.find((worker) => worker.pid === pid)?.signal('SIGKILL');
  });
  const lease = await endOne(scene, api);
  await eventually('one has died', () => diedAt > 0);
  if (!another) workers.push(await scene.start('worker'));
  const tookMs = (await attempted(scene, lease, diedAt)) - diedAt;
  await scene.look.becomes(lease, 'revoked', 60_000);
  provider.watch(undefined);
  await Promise.all(workers.map((worker) => worker.kill()));
  return tookMs;
}

async function killedAfterTheClaim(scene: Scene, api: Process): Promise<number> {
  const worker = await scene.start('worker');
  const victim = await scene.start('api');
  const task = await scene.openTask(api);
  const lease = await scene.lease(api, task);
  victim.dieAt({ at: 'claim-due', when: 'after', nth: 1 });
  await scene.end(victim, task).catch(() => 'cut off');
  await victim.ended;
  const diedAt = Date.now();
  const tookMs = (await attempted(scene, lease, 0)) - diedAt;
  await scene.look.becomes(lease, 'revoked', 60_000);
  await worker.kill();
  return tookMs;
}

async function endOne(scene: Scene, api: Process): Promise<string> {
  const task = await scene.openTask(api);
  const lease = await scene.lease(api, task);
  await scene.end(api, task);
  return lease;
}

/** When the provider was asked for it after that. */
async function attempted(scene: Scene, lease: string, after: number): Promise<number> {
  const asked = () =>
    scene.place.provider.seen.find(
      (each) => each.lease === lease && each.call === 'take-credential' && each.at > after,
    );
  return (await eventually('it is attempted', asked, 60_000)).at;
}

/** From the moment Redis answers again to the first attempt of what fell due while it was away. */
export async function redisBack(): Promise<Row> {
  const scene = await startScene();
  const { redis, provider } = scene.place;
  const api = await scene.start('api');
  await scene.start('worker');
  const took: number[] = [];
  for (const awaySeconds of [2, 5, 20]) {
    const task = await scene.openTask(api);
    const lease = await scene.lease(api, task, { ttl: '1s' });
    await redis.end('SIGKILL');
    await wait(awaySeconds * 1000);
    await redis.begin();
    const backAt = Date.now();
    const asked = () => provider.seen.find((each) => each.lease === lease && each.call === 'take-credential');
    const { at } = await eventually('it is attempted', asked, 60_000);
    took.push(Math.max(0, at - backAt));
    await scene.look.becomes(lease, 'revoked', 60_000);
    await eventually('the api is back', async () => (await scene.place.openTask(api.api)).status === 201);
  }
  await scene.close();
  return worst('Redis killed, away for 2, 5 and 20 s, back: to the first attempt of what is due', 2000, took);
}
