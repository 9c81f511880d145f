import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { readMark } from '../../src/ledger/mark-file.js';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import { runProtem } from '../stack/protem.js';
import { redisPrograms, startRedis } from '../stack/redis.js';
import type { RedisServer } from '../stack/redis.js';
import { startWire } from '../stack/wire.js';
import type { Wire } from '../stack/wire.js';
import { startWorld } from '../stack/world.js';
import type { World } from '../stack/world.js';
import { long } from './seed.js';

const possible = canRun('a fail-over that loses the last writes', redisPrograms());
/** What stands at the provider is left alone for the time that a lease can be on its way, and a minute. */
const orphanMs = 200_000;

/** An old append-only file: test/stack/rollback.test.ts. */
(possible ? describe : describe.skip)('rule 7: a fail-over to a replica without the last writes', () => {
  let redis: RedisServer;
  let replica: RedisServer | undefined;
  let wire: Wire;
  let world: World;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    wire = await startWire(redis.port);
  }, 60_000);
  afterAll(async () => {
    await world?.close();
    await wire?.close();
    await redis?.close();
    await replica?.close();
  });

  const offset = (of: RedisServer) => /master_repl_offset:(\d+)/.exec(of.cli('info', 'replication'))?.[1];

  test('issuing stops, revoking goes on, and what nobody knows of any more is taken back at the provider', async () => {
    const file = join(world.directory, 'mark.json');
    const url = `redis://127.0.0.1:${wire.port}`;
    const config = world.configure({ redis: { url }, rollbackGuard: { file } });
    const [{ api }] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const { lets } = world.providers['vault']!;
    const task = await world.openTask(api);
    const kept = await world.ask(api, task);
    replica = await startRedis({ parameters: ['--replicaof', '127.0.0.1', String(redis.port)] });
    const inStep = () =>
      replica!.cli('info', 'replication').includes('link_status:up') && offset(redis) === offset(replica!);
    await eventually('the replica has everything', inStep);
    replica.cli('replicaof', 'no', 'one');

    const lost = await world.ask(api, task);
    expect([kept.status, lost.status]).toEqual([201, 201]);
    const before = await world.ledger({ url: redis.url });
    const { lastId } = (await before.ledger.mark()).now;
    await eventually('the mark has come that far', async () => {
      const mark = await readMark(file);
      return mark !== undefined && mark.lastId >= lastId;
    });
    wire.lead(replica.port);
    await redis.end('SIGKILL');

    const refused = await eventually('the store answers', async () => {
      const { status, body } = await world.ask(api, task);
      expect(status).toBe(503);
      return body.code !== 'state.unavailable' && body;
    });
    expect(refused.code).toBe('state.rolled_back');
    await eventually('it is not ready', async () => (await api.call('GET', '/readyz')).status === 503);
    const there = await world.ledger({ url: replica.url });
    expect(await there.lease(lost.body.lease.id)).toBeUndefined();
    expect((await world.endByWebhook(api, task)).status).toBe(200);
    await there.becomes(kept.body.lease.id, 'revoked', 30_000);
    expect(await lets(kept.body.secret)).toBe(false);

    // Longer than a build should wait.
    if (long)
      await eventually('the orphan is taken back', async () => !(await lets(lost.body.secret)), orphanMs);

    const accepted = await runProtem(
      ['ledger', 'accept', '--config', config, '--reason', 'drill'],
      world.environment,
    );
    expect([accepted.code, accepted.complaints]).toEqual([0, '']);
    await eventually('it issues again', async () => {
      const { status } = await world.ask(api, await world.openTask(api));
      return status === 201;
    });
  }, 400_000);
});
