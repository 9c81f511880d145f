import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { eventually } from './eventually.js';
import { canRun } from './program.js';
import type { Protem } from './protem.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

const runs = canRun('a Redis that is full, and a queue that stands still', redisPrograms());

(runs ? describe : describe.skip)('I7 revoking goes on', () => {
  let redis: RedisServer;
  let world: World;
  let place: VaultPlace;
  let look: LedgerReader;
  let protem: Protem;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    place = world.providers['vault']!;
    look = await world.ledger({ url: redis.url });
    protem = await world.start('serve', world.configure({ redis: { url: redis.url } }));
  }, 120_000);
  afterEach(() => void redis.cli('config', 'set', 'maxmemory', '0'));
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  test('when Redis is full: nothing is issued, and what expires or ends is taken back', async () => {
    const { api } = protem;
    const [open, ending] = [await world.openTask(api), await world.openTask(api)];
    const expiring = await world.askOften(api, open, 5, { ttl: '2s' });
    const ended = await world.askOften(api, ending, 5);
    const usersBefore = place.vault.databaseUsers().length;
    redis.cli('config', 'set', 'maxmemory', '1mb');

    const refused = await world.ask(api, open);
    expect(refused.status).toBe(503);
    // It depends on whether the broker has looked since.
    expect(['state.unavailable', 'state.full']).toContain(refused.body.code);
    expect(place.vault.databaseUsers().length).toBeLessThanOrEqual(usersBefore);
    const end = await api.call('POST', `/v1/tasks/${ending}/end`, await world.agentToken(), {});
    expect({ status: end.status, state: end.body.state }).toEqual({ status: 200, state: 'ended' });
    for (const { lease, secret } of [...expiring, ...ended]) {
      await look.becomes(lease.id, 'revoked', 20_000);
      expect(await place.lets(secret)).toBe(false);
    }
    redis.cli('config', 'set', 'maxmemory', '0');
    await eventually('issuing goes on', async () => (await world.ask(api, open)).status === 201);
    const told = (await look.events(expiring[0].lease.id)).map(({ type }) => type);
    expect(told.filter((type) => type.startsWith('lease.'))).toEqual([
      'lease.reserved',
      'lease.active',
      'lease.revoking',
      'lease.revoked',
    ]);
  }, 60_000);

  test('I7, AUD-01: when the audit log alone cannot be written: nothing is issued, and what expires or ends is taken back', async () => {
    const { api } = protem;
    const [open, ending] = [await world.openTask(api), await world.openTask(api)];
    const expiring = await world.askOften(api, open, 3, { ttl: '2s' });
    const ended = await world.askOften(api, ending, 3);
    const [log, aside] = ['{protem}:events', '{protem}:put-aside'];
    redis.cli('rename', log, aside);
    redis.cli('set', log, 'not a log');
    try {
      const before = place.vault.databaseUsers().length;
      const refused = await world.ask(api, open);
      expect(`${refused.status} ${refused.body.code}`).toBe('503 state.unavailable');
      expect(place.vault.databaseUsers().length).toBeLessThanOrEqual(before);
      const end = await api.call('POST', `/v1/tasks/${ending}/end`, await world.agentToken(), {});
      expect(`${end.status} ${end.body.state}`).toBe('200 ended');
      for (const { lease, secret } of [...expiring, ...ended]) {
        await look.becomes(lease.id, 'revoked', 20_000);
        expect(await place.lets(secret)).toBe(false);
      }
    } finally {
      redis.cli('rename', aside, log);
    }
    await eventually('issuing goes on', async () => (await world.ask(api, open)).status === 201);
    for (const { lease } of [...expiring, ...ended])
      await eventually('it is told, in its order, once', async () => {
        const told = (await look.events(lease.id)).map(({ type }) => type);
        const ofLease = told.filter((type) => type.startsWith('lease.'));
        return ofLease.join(' ') === 'lease.reserved lease.active lease.revoking lease.revoked';
      });
  }, 90_000);

  test('I7: when Redis refuses every write: nothing is issued, and what was due is taken back as soon as it takes them', async () => {
    const { api } = protem;
    const open = await world.openTask(api);
    const expiring = await world.askOften(api, open, 3, { ttl: '2s' });
    const before = place.vault.databaseUsers().length;
    redis.cli('config', 'set', 'min-replicas-to-write', '1');
    try {
      const refused = await world.ask(api, open);
      expect(refused.status).toBe(503);
      expect(place.vault.databaseUsers().length).toBeLessThanOrEqual(before);
      // What cannot be written down is not said to have been done.
      const end = await api.call('POST', `/v1/tasks/${open}/end`, await world.agentToken(), {});
      expect(end.status).toBe(503);
    } finally {
      redis.cli('config', 'set', 'min-replicas-to-write', '0');
    }
    for (const { lease, secret } of expiring) {
      await look.becomes(lease.id, 'revoked', 20_000);
      expect(await place.lets(secret)).toBe(false);
    }
  }, 90_000);

  test('I8 when the queue delivers nothing any more', async () => {
    const queue = new Queue('revoke-vault', { connection: { url: redis.url }, prefix: '{protem}' });
    await queue.pause();
    const task = await world.openTask(protem.api);
    const expiring = await world.askOften(protem.api, task, 5, { ttl: '1s' });
    const ended = await world.askOften(protem.api, task, 5);
    expect((await world.endByWebhook(protem.api, task)).status).toBe(200);
    for (const { lease, secret } of [...expiring, ...ended]) {
      await look.becomes(lease.id, 'revoked', 30_000);
      expect(await place.lets(secret)).toBe(false);
    }
    await queue.resume();
    await eventually(
      'the queue is empty',
      async () => (await queue.getJobCountByTypes('waiting', 'active')) === 0,
    );
    await queue.close();
  }, 60_000);
});
