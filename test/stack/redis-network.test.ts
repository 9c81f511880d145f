import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from './eventually.js';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWire } from './wire.js';
import type { Wire } from './wire.js';
import { reading, revoking, startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

const runs = canRun('a network that fails between Protem and Redis', redisPrograms());

(runs ? describe : describe.skip)('a network that fails between Protem and Redis', () => {
  let redis: RedisServer;
  let replica: RedisServer;
  let wire: Wire;
  let world: World;
  let place: VaultPlace;
  let config: string;
  let look: LedgerReader;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    wire = await startWire(redis.port);
    place = world.providers['vault']!;
    config = world.configure({ redis: { url: `redis://127.0.0.1:${wire.port}` } });
    look = await world.ledger({ url: redis.url });
  }, 120_000);
  afterEach(() => {
    place.gate.open();
    wire.mend();
  });
  afterAll(async () => {
    await world?.close();
    await wire?.close();
    await redis?.close();
    await replica?.close();
  });

  test('I1 the answer to the activation is lost: no secret, and the lease is revoked when Redis can be reached', async () => {
    const api = await world.start('api', config);
    const task = await world.openTask(api.api);
    const first = await world.ask(api.api, task);
    expect(first.status).toBe(201); // and Redis knows every script
    const held = place.gate.hold(reading, 'after');
    const answer = world.ask(api.api, task);
    await held.reached;
    // The name of what was read is learned, then the lease is activated.
    let scripts = 0;
    wire.loseAnswers((asked) => (scripts += asked.split('evalsha').length - 1) >= 2);
    held.release();
    const { items } = await eventually('the lease is active, and the broker does not know', async () => {
      const page = await look.ledger.leases.list({ task, pageSize: 10, state: 'active' });
      return page.items.length === 2 && page;
    });
    place.gate.refuse(revoking);
    wire.cut();
    const { status, body } = await answer;
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'state.unavailable' });
    place.gate.open();
    wire.mend();
    const worker = await world.start('worker', config);
    const unheld = items.find(({ id }) => id !== first.body.lease.id)!;
    await look.becomes(unheld.id, 'revoked', 5000);
    expect((await look.lease(first.body.lease.id))?.state).toBe('active');
    expect(place.vault.databaseUsers()).toHaveLength(1);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  });

  test('connections that fall silent without an end are given up: issuing and revoking go on within seconds', async () => {
    const [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const task = await world.openTask(api.api);
    const { body } = await world.ask(api.api, task);
    wire.silence();
    const again = await eventually(
      'issuing goes on',
      async () => {
        const answer = await world.ask(api.api, task);
        if (answer.status !== 201) expect(answer.body.code).toBe('state.unavailable');
        return answer.status === 201 && answer;
      },
      8000,
    );
    expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    for (const lease of [body.lease, again.body.lease]) await look.becomes(lease.id, 'revoked', 25_000);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  }, 60_000);

  test('when the name leads to another master and the old one only reads, it is followed', async () => {
    replica = await startRedis({ parameters: ['--replicaof', '127.0.0.1', String(redis.port)] });
    const [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const task = await world.openTask(api.api);
    const before = await world.ask(api.api, task);
    await eventually('the replica has everything', () => {
      const offset = (of: RedisServer) => /master_repl_offset:(\d+)/.exec(of.cli('info', 'replication'))?.[1];
      return (
        replica.cli('info', 'replication').includes('link_status:up') && offset(redis) === offset(replica)
      );
    });
    // As a managed service does it: nobody is disconnected.
    replica.cli('replicaof', 'no', 'one');
    wire.lead(replica.port);
    redis.cli('replicaof', '127.0.0.1', String(replica.port));

    const after = await eventually(
      'issuing goes on',
      async () => {
        const answer = await world.ask(api.api, task);
        if (answer.status !== 201) expect(answer.body.code).toBe('state.unavailable');
        return answer.status === 201 && answer;
      },
      5000,
    );
    expect((await world.endByWebhook(api.api, task)).status).toBe(200);
    const there = await world.ledger({ url: replica.url });
    for (const { body } of [before, after]) await there.becomes(body.lease.id, 'revoked', 20_000);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  }, 60_000);
});
