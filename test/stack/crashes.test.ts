import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { creating, reading, revoking, startWorld } from './world.js';
import type { LedgerReader, VaultPlace, World } from './world.js';

const runs = canRun('processes that are killed', redisPrograms());

(runs ? describe : describe.skip)('with real processes and a real Redis', () => {
  let redis: RedisServer;
  let world: World;
  let place: VaultPlace;
  let config: string;
  let look: LedgerReader;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    place = world.providers['vault']!;
    config = world.configure({ redis: { url: redis.url } });
    look = await world.ledger({ url: redis.url });
  }, 120_000);
  afterEach(() => place.gate.open());
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  const typesOf = async (leaseId: string) => (await look.events(leaseId)).map(({ type }) => type);

  test('the story: a credential works, a signed webhook ends its task, and it is refused', async () => {
    const [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const task = await world.openTask(api.api);
    const { status, body } = await world.ask(api.api, task);
    expect(status).toBe(201);
    expect(await place.lets(body.secret)).toBe(true);
    expect(await world.endByWebhook(api.api, task)).toMatchObject({ status: 200, body: { effect: 'ended' } });
    await look.becomes(body.lease.id, 'revoked');
    expect(await place.lets(body.secret)).toBe(false);
    expect((await world.ask(api.api, task)).body.code).toBe('task.ended');
    const ofLease = (await typesOf(body.lease.id)).filter((type) => type.startsWith('lease.'));
    expect(ofLease).toEqual(['lease.reserved', 'lease.active', 'lease.revoking', 'lease.revoked']);
    for (const child of [api, worker]) expect(child.output()).not.toContain(body.secret.password);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  });

  test('I3 a worker killed before a lease ends revokes it when it is back', async () => {
    const [api, worker] = await Promise.all([world.start('api', config), world.start('worker', config)]);
    const task = await world.openTask(api.api);
    const { body } = await world.ask(api.api, task, { ttl: '1s' });
    await worker.kill();
    expect(await place.lets(body.secret)).toBe(true);
    await api.stop();
    const again = await world.start('worker', config);
    const lease = await look.becomes(body.lease.id, 'revoked');
    expect(lease.cause).toBe('expiry');
    expect(await place.lets(body.secret)).toBe(false);
    expect((await typesOf(body.lease.id)).slice(-2)).toEqual(['lease.revoking', 'lease.revoked']);
    await again.stop();
  });

  test('I8 a revocation whose worker is killed in the middle, twice in a row, is carried out by the third', async () => {
    const api = await world.start('api', config);
    const task = await world.openTask(api.api);
    const { body } = await world.ask(api.api, task);
    for (const kill of [1, 2]) {
      const held = place.gate.hold(revoking, 'before');
      const worker = await world.start('worker', config);
      if (kill === 1) await world.endByWebhook(api.api, task);
      await held.reached;
      await worker.kill();
      place.gate.open();
    }
    expect(await place.lets(body.secret)).toBe(true);
    const worker = await world.start('worker', config);
    await look.becomes(body.lease.id, 'revoked', 20_000);
    expect(await place.lets(body.secret)).toBe(false);
    await Promise.all([api.stop(), worker.stop()]);
  }, 60_000);

  test.each([
    ['before the provider has named the credential', creating],
    ['after the credential was made', reading],
  ])('I2 an api killed in the middle of minting, %s, leaves nothing behind', async (_when, where) => {
    const usersBefore = place.vault.databaseUsers().length;
    const api = await world.start('api', config);
    const task = await world.openTask(api.api);
    const held = place.gate.hold(where, 'after');
    const answer = world.ask(api.api, task).catch(() => 'cut off');
    await held.reached;
    await api.kill();
    expect(await answer).toBe('cut off');
    place.gate.open();
    const { items } = await look.ledger.leases.list({ task, pageSize: 10 });
    expect(items.map(({ state }) => state)).toEqual(['reserved']);
    if (where === reading) expect(place.vault.databaseUsers()).toHaveLength(usersBefore + 1);

    const worker = await world.start('worker', config);
    const lease = await look.becomes(items[0]!.id, 'revoked');
    expect(lease.cause).toBe('mint_unresolved');
    expect(place.vault.databaseUsers()).toHaveLength(usersBefore);
    expect(await tokensOf(place, lease.id)).toBe(0);
    await worker.stop();
  });

  test('I4 a task end is acknowledged, the api is killed at once, and the worker alone still revokes', async () => {
    const api = await world.start('api', config);
    const task = await world.openTask(api.api);
    const grants = await Promise.all(Array.from({ length: 5 }, () => world.ask(api.api, task)));
    const { status } = await world.endByWebhook(api.api, task);
    await api.kill();
    expect(status).toBe(200);
    const worker = await world.start('worker', config);
    for (const { body } of grants) {
      await look.becomes(body.lease.id, 'revoked');
      expect(await place.lets(body.secret)).toBe(false);
    }
    await worker.stop();
  });
});

/** Tokens at the Vault whose metadata name the lease. */
async function tokensOf({ vault }: VaultPlace, leaseId: string): Promise<number> {
  const call = async (path: string, body?: object) => {
    const response = await fetch(`${vault.url}/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'x-vault-token': vault.rootToken.reveal() },
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await response.json()) as { data: { keys: string[]; meta?: { lease?: string } } };
  };
  const { data } = await call('auth/token/accessors?list=true');
  const tokens = await Promise.all(
    data.keys.map((accessor) => call('auth/token/lookup-accessor', { accessor })),
  );
  return tokens.filter((token) => token.data.meta?.lease === leaseId).length;
}
