import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../stack/eventually.js';
import { canRun } from '../../stack/program.js';
import type { Protem } from '../../stack/protem.js';
import { redisPrograms, startRedis } from '../../stack/redis.js';
import type { RedisServer } from '../../stack/redis.js';
import { startWire } from '../../stack/wire.js';
import type { Wire } from '../../stack/wire.js';
import { startWorld } from '../../stack/world.js';
import type { World } from '../../stack/world.js';

const possible = canRun('a Redis that has forgotten', redisPrograms());
/** The guard sees it within seconds; the scan of the provider follows at once. */
const withinMs = 60_000;

/** With the Vault provider: only a provider that can be asked what it has can be put right again. */
(possible ? describe : describe.skip)('a Redis that has forgotten what it acknowledged', () => {
  let redis: RedisServer;
  let replica: RedisServer | undefined;
  let wire: Wire;
  let world: World;
  let api: Protem;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    wire = await startWire(redis.port);
    const config = world.configure({ redis: { url: `redis://127.0.0.1:${wire.port}` } });
    [api] = await Promise.all([world.start('api', config), world.start('worker', config)]);
  }, 60_000);
  afterEach(() => wire.mend());
  afterAll(async () => {
    await world?.close();
    await wire?.close();
    await redis?.close();
    await replica?.close();
  });

  /** Nothing is issued until the provider has been looked through, and then nothing is left there without a record. */
  async function isPutRight(orphan: unknown): Promise<void> {
    const { lets, vault } = world.providers['vault']!;
    await eventually(
      'the guard closes',
      async () => (await api.api.call('GET', '/readyz')).status === 503,
      withinMs,
    );
    await eventually('what nobody knows of is taken back', async () => !(await lets(orphan)), withinMs);
    await eventually(
      'the guard opens again',
      async () => (await api.api.call('GET', '/readyz')).status === 200,
      withinMs,
    );
    const { status } = await world.ask(api.api, await world.openTask(api.api));
    expect(status).toBe(201);
    expect(vault.databaseUsers().length).toBeGreaterThan(0);
  }

  test('I2 rolled back to an old append-only file: what was issued since is taken back at the provider', async () => {
    const kept = await world.ask(api.api, await world.openTask(api.api));
    const saved = `${redis.directory}-saved`;
    await redis.end('SIGTERM');
    cpSync(join(redis.directory, 'appendonlydir'), saved, { recursive: true });
    await redis.begin();
    await eventually('issuing goes on', async () => (await api.api.call('GET', '/readyz')).status === 200);
    const forgotten = await world.ask(api.api, await world.openTask(api.api));
    expect(forgotten.status).toBe(201);
    await redis.end('SIGKILL');
    rmSync(join(redis.directory, 'appendonlydir'), { recursive: true });
    cpSync(saved, join(redis.directory, 'appendonlydir'), { recursive: true });
    rmSync(saved, { recursive: true });
    await redis.begin();
    await isPutRight(forgotten.body.secret);
    expect(await world.providers['vault']!.lets(kept.body.secret)).toBe(true);
  }, 240_000);

  test('I2 failed over to a replica without the last writes: what they acknowledged is taken back', async () => {
    const before = await world.ask(api.api, await world.openTask(api.api));
    expect(before.status).toBe(201);
    replica = await startRedis({ parameters: ['--replicaof', '127.0.0.1', String(redis.port)] });
    await eventually('the replica has everything', () => {
      const offset = (of: RedisServer) => /master_repl_offset:(\d+)/.exec(of.cli('info', 'replication'))?.[1];
      return (
        replica!.cli('info', 'replication').includes('link_status:up') && offset(redis) === offset(replica!)
      );
    });
    replica.cli('replicaof', 'no', 'one');
    const lost = await world.ask(api.api, await world.openTask(api.api));
    expect(lost.status).toBe(201);
    wire.lead(replica.port);
    await redis.end('SIGKILL');
    await isPutRight(lost.body.secret);
    expect(await world.providers['vault']!.lets(before.body.secret)).toBe(true);
  }, 240_000);
});
