import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readMark } from '../../src/ledger/mark-file.js';
import { eventually } from './eventually.js';
import { canRun } from './program.js';
import { runProtem } from './protem.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { LedgerReader, World } from './world.js';

const runs = canRun('a Redis that comes back with an old file', redisPrograms());

(runs ? describe : describe.skip)('rule 7: a Redis that comes back with an old append-only file', () => {
  let redis: RedisServer;
  let world: World;
  let look: LedgerReader;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    look = await world.ledger({ url: redis.url });
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  test('issues nothing more, goes on revoking, and issues again when an operator has accepted it', async () => {
    const file = join(world.directory, 'mark.json');
    const config = world.configure({ redis: { url: redis.url }, rollbackGuard: { file } });
    const { api } = await world.start('serve', config);
    const task = await world.openTask(api);
    const { body: kept } = await world.ask(api, task);
    await eventually('there is a mark', () => existsSync(file));

    const place = join(redis.directory, 'appendonlydir');
    await redis.end('SIGKILL');
    cpSync(place, `${place}.old`, { recursive: true });
    await redis.begin();
    await eventually('it issues again', async () => (await world.ask(api, task)).status === 201);
    await untilMarkHas(file, await lastIdOf(look));

    await redis.end('SIGKILL');
    rmSync(place, { recursive: true });
    cpSync(`${place}.old`, place, { recursive: true });
    await redis.begin();
    const refused = await eventually('the store answers', async () => {
      const { status, body } = await world.ask(api, task);
      expect(status).toBe(503);
      return body.code !== 'state.unavailable' && body;
    });
    expect(refused.code).toBe('state.rolled_back');
    await eventually('it is not ready', async () => (await api.call('GET', '/readyz')).status === 503);
    const ended = await api.call('POST', `/v1/leases/${kept.lease.id}/revoke`, await world.agentToken(), {});
    expect(ended.status).toBe(200);
    await look.becomes(kept.lease.id, 'revoked');
    expect(await world.providers['vault']!.lets(kept.secret)).toBe(false);

    const accepted = await runProtem(
      ['ledger', 'accept', '--config', config, '--reason', 'drill'],
      world.environment,
    );
    expect([accepted.code, accepted.output]).toEqual([0, expect.stringContaining('Accepted as epoch 1.')]);
    await eventually('it issues again', async () => (await world.ask(api, task)).status === 201);
    expect((await api.call('GET', '/readyz')).status).toBe(200);
  }, 90_000);
});

const lastIdOf = async ({ ledger }: LedgerReader) =>
  eventually('Redis answers', async () => (await ledger.mark()).now.lastId);

async function untilMarkHas(file: string, lastId: string): Promise<void> {
  await eventually('the mark has come that far', async () => {
    const mark = await readMark(file);
    return mark && mark.lastId >= lastId && mark;
  });
}
