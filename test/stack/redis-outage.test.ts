import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { connectRedis, untilReady } from '../../src/ledger/redis-connection.js';
import { bullmqRevocationQueue } from '../../src/revocation/bullmq-revocation-queue.js';
import { eventually } from './eventually.js';
import { canRun } from './program.js';
import type { Protem } from './protem.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { creating, reading, revoking, startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

/** What the worker asks by itself, its token's renewal or its scan for orphans, is not counted. */
const minting = new RegExp(`${creating.source}|${reading.source}`);

const runs = canRun('a Redis that goes away', redisPrograms());

(runs ? describe : describe.skip)('a Redis that goes away', () => {
  let redis: RedisServer;
  let world: World;
  let place: VaultPlace;
  let look: LedgerReader;
  let api: Protem;
  let worker: Protem;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    place = world.providers['vault']!;
    const config = world.configure({
      redis: { url: redis.url },
      http: { requestsPerSecond: 100_000, requestsPerSecondPerPeer: 100_000 },
    });
    look = await world.ledger({ url: redis.url });
    [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
  }, 120_000);
  afterEach(async () => {
    place.gate.open();
    await redis.begin();
    await back();
  });
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  const isReady = async () => (await api.api.call('GET', '/readyz')).status === 200;
  const back = () => eventually('the api is ready', isReady, 30_000);

  test('I7 stopped while it is asked: 503 state.unavailable, and nothing is minted', async () => {
    const task = await world.openTask(api.api);
    const callsBefore = place.gate.calls(minting);
    await redis.end('SIGTERM');
    const { status, body } = await world.ask(api.api, task);
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'state.unavailable' });
    expect(body.remedy).toBeTruthy();
    expect(JSON.stringify(body)).not.toMatch(/redis|ECONN|127\.0\.0\.1/i);
    expect(place.gate.calls(minting)).toBe(callsBefore);
    expect(await api.api.call('GET', '/readyz')).toMatchObject({ status: 503 });
    expect((await api.api.call('GET', '/livez')).status).toBe(200);
    await redis.begin();
    await back();
    expect((await world.ask(api.api, task)).status).toBe(201);
  });

  test('I7 frozen while it is asked: 503 within the time a command may take, and nothing stays live', async () => {
    const task = await world.openTask(api.api);
    // A Redis that began anew has to be told the scripts once; a request that was given up does not tell them.
    expect((await world.ask(api.api, task)).status).toBe(201);
    const callsBefore = place.gate.calls(minting);
    redis.freeze();
    const { status, body } = await world.ask(api.api, task).finally(() => redis.thaw());
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'state.unavailable' });
    expect(place.gate.calls(minting)).toBe(callsBefore);
    // The reservation was on its way, and Redis carries it out now that it can.
    const [lease] = await eventually('the reservation arrives', async () => {
      const { items } = await look.ledger.leases.list({ task, pageSize: 10 });
      return items.length > 1 && items.filter(({ state }) => state !== 'active');
    });
    await look.becomes(lease!.id, 'revoked');
  });

  test.each([
    ['before the provider was asked', creating],
    ['when the credential had been made', reading],
  ])(
    'I1 stopped between reservation and hand-over, %s: no secret, and all is taken back',
    async (_, where) => {
      const usersBefore = place.vault.databaseUsers().length;
      const task = await world.openTask(api.api);
      const held = place.gate.hold(where, where === creating ? 'before' : 'after');
      const answer = world.ask(api.api, task);
      await held.reached;
      await redis.end('SIGTERM');
      // The broker cannot write, and the provider does not revoke either: nothing but the reservation is left to it.
      place.gate.refuse(revoking);
      held.release();
      const { status, body } = await answer;
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'state.unavailable' });
      expect(body.secret).toBeUndefined();
      place.gate.open();
      await redis.begin();
      const { items } = await eventually('Redis takes commands', () =>
        look.ledger.leases.list({ task, pageSize: 10 }),
      );
      expect(items).toHaveLength(1);
      const lease = await look.becomes(items[0]!.id, 'revoked');
      expect(lease.cause).toBe('mint_unresolved');
      expect(place.vault.databaseUsers()).toHaveLength(usersBefore);
    },
  );

  test('killed under load, with its append-only file always synced: every lease that was acknowledged is there, and is revoked', async () => {
    // With `everysec` a slow disk has Redis put its writes off, and a killed one loses those.
    redis.cli('config', 'set', 'appendfsync', 'always');
    const usersBefore = place.vault.databaseUsers().length;
    const tasks = await Promise.all(Array.from({ length: 8 }, () => world.openTask(api.api)));
    const token = await world.agentToken();
    const acknowledged: string[] = [];
    let loading = true;
    const load = tasks.map(async (task) => {
      while (loading) {
        const { status, body } = await api.api.call('POST', `/v1/tasks/${task}/credentials`, token, {
          credential: 'vault-db',
        });
        if (status === 201) acknowledged.push(body.lease.id);
        else await wait(5);
      }
    });
    await eventually('some hundred leases', () => acknowledged.length > 300);
    await redis.end('SIGKILL');
    const before = acknowledged.length;
    await redis.begin();
    await eventually('issuing goes on by itself', () => acknowledged.length > before + 50, 30_000);
    loading = false;
    await Promise.all(load);
    const found = await Promise.all(acknowledged.map((id) => look.lease(id)));
    expect(found.filter((lease) => lease?.state !== 'active')).toEqual([]);

    for (const task of tasks) expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    // How fast is for `npm run bench:revocation` to say: a provider that shares two cores with all this may be late.
    for (const id of acknowledged) await look.becomes(id, 'revoked', 60_000);
    expect(worker.running()).toBe(true);
    const usersNow = () => place.vault.databaseUsers().length;
    await eventually('what was minted in vain is gone too', () => usersNow() <= usersBefore);
  }, 120_000);

  test('away for 20 seconds while leases fall due: when it is back they are over, and nothing is let in', async () => {
    const task = await world.openTask(api.api);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, nth) => world.ask(api.api, task, { ttl: `${2 + (nth % 10)}s` })),
    );
    // Of two seconds a slow machine may need more than that for minting; it is not handed over then.
    const grants = answers.filter(({ status }) => status === 201);
    expect(grants.length).toBeGreaterThan(0);
    await redis.end('SIGTERM');
    await wait(20_000);
    await redis.begin();
    for (const { body } of grants) {
      const { state } = await look.becomes(body.lease.id, ['revoked', 'expired'], 60_000);
      if (state === 'revoked') expect(await place.lets(body.secret)).toBe(false);
      // Vault ends the short ones by itself meanwhile; one whose end it is still working on has expired by then.
      else await eventually('it is let in no more', async () => !(await place.lets(body.secret)));
    }
  }, 120_000);

  test('a queue that is first used while Redis is frozen works when it is back', async () => {
    const client = connectRedis({ url: redis.url }, 'asking');
    client.on('error', () => {});
    await untilReady(client, 5000);
    const queue = bullmqRevocationQueue(client, '{protem}');
    redis.freeze();
    await expect(queue.backlog('elsewhere').finally(() => redis.thaw())).rejects.toThrow();
    await eventually('the queue answers', async () => (await queue.backlog('elsewhere')) === 0, 30_000);
    await queue.close();
    client.disconnect();
  });
});
