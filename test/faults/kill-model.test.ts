import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { isOver } from '../../src/lease/lease.js';
import { connectRedis, untilReady } from '../../src/ledger/redis-connection.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { scriptsBySha } from '../../src/ledger/script.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import { startFleet } from './fleet.js';
import { leasesOf, none, violations, wholeLog } from './invariants.js';
import { aHistory } from './kill-history.js';
import type { Moment } from './kill-history.js';
import { run } from './kill-run.js';
import { startPlace } from './place.js';
import type { Place } from './place.js';
import { processes, quickStart } from './processes.js';
import type { Processes } from './processes.js';
import { passwordMark } from './recording-provider.js';
import { counted, runs, seed } from './seed.js';

const possible = canRun('processes that are killed at random', redisPrograms());
const killsEach = Number(process.env['FAULT_KILLS'] ?? 30);
/** A claim that died with its process is due again after eight seconds, and a failed attempt after a few. */
const quietMs = 60_000;

(possible ? describe : describe.skip)('processes that are killed at random', () => {
  let place: Place;
  let makers: Processes;
  let redis: RedisClient;
  const total = { histories: 0, kills: 0, 'secrets handed over': 0, 'made at the provider': 0, leases: 0 };
  const slowest = { ms: 0 };
  const answers = new Map<string, number>();
  const diedAt = new Map<string, number>();

  beforeAll(async () => {
    place = await startPlace();
    makers = processes(quickStart());
    redis = connectRedis({ url: place.redis.url }, 'waiting');
    redis.on('error', () => {});
    await untilReady(redis, 10_000);
  }, 120_000);
  afterAll(async () => {
    await makers?.close();
    redis?.disconnect();
    await place?.close();
    const sorted = (counts: Map<string, number>) =>
      Object.fromEntries([...counts].sort(([one], [other]) => one.localeCompare(other)));
    counted('kill model', { seed, ...total, 'slowest end in s': (slowest.ms / 1000).toFixed(1) });
    counted('  answers', sorted(answers));
    counted('  died', sorted(diedAt));
  });

  async function holds(history: readonly Moment[]): Promise<void> {
    const prefix = `{k${randomBytes(6).toString('hex')}}`;
    const ledger = redisLedger(redis, { prefix });
    const madeBefore = place.provider.made.length;
    const config = place.configure({ redis: { url: place.redis.url, prefix } });
    const fleet = await startFleet(place, makers, config, { api: 2, worker: 2 });
    try {
      const told = await run(place, fleet, history);
      const restAt = performance.now();
      const atRest = async () => (await ledger.leases.counts()).length === 0;
      await eventually('everything comes to rest', atRest, quietMs).catch(async (error: unknown) => {
        const open = [...(await leasesOf(ledger, await wholeLog(ledger))).values()].filter(
          (lease) => lease && !isOver(lease.state),
        );
        throw new Error(`${JSON.stringify(open.slice(0, 5))}\n${fleet.output()}`, { cause: error });
      });
      slowest.ms = Math.max(slowest.ms, performance.now() - restAt);
      const log = await wholeLog(ledger);
      const leases = await leasesOf(ledger, log);
      const made = place.provider.made.slice(madeBefore);
      none(violations(told, made, log, leases));
      expect(await redis.zcard(`${prefix}:due:records`)).toBe(0);
      expect(await redis.zcard(`${prefix}:open:records`)).toBe(0);
      expect(spawnSync('grep', ['-rlaF', passwordMark, place.redis.directory]).stdout.toString()).toBe('');

      total.histories++;
      total.kills += history.length;
      total['secrets handed over'] += told.handedOver.length;
      total['made at the provider'] += made.length;
      total.leases += leases.size;
      for (const [name, n] of told.answers) answers.set(name, (answers.get(name) ?? 0) + n);
      for (const [name, n] of told.diedAt) diedAt.set(name, (diedAt.get(name) ?? 0) + n);
      // A long run that is broken off has said how far it came.
      if (total.histories % 10 === 0) counted('kill model so far', { seed, ...total });
    } finally {
      await fleet.close();
    }
  }

  test('I1 I2 I3 I4 I6 I9: every credential is recorded, every one ends, and no end is passed by', async () => {
    await fc.assert(fc.asyncProperty(aHistory(killsEach), holds), {
      seed,
      numRuns: runs(3),
      endOnFailure: true,
    });
    // That the places are still found by their names, and nobody dies at "any time" only.
    const scripts = new Set<string>(scriptsBySha().values());
    const diedIn = new Set([...diedAt.keys()].map((place) => place.split(' ').at(-1)!));
    if (total.kills >= 60)
      expect([...diedIn].filter((name) => scripts.has(name)).length).toBeGreaterThanOrEqual(3);
  }, 86_400_000);
});
