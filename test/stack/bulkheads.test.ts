import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { revoking, startWorld } from './world.js';
import type { LedgerReader, World } from './world.js';

const runs = canRun('a dead provider beside a live one', redisPrograms());

(runs ? describe : describe.skip)('a dead provider beside a live one', () => {
  let redis: RedisServer;
  let world: World;
  let look: LedgerReader;
  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld({ vaults: ['dead', 'live'] })]);
    look = await world.ledger({ url: redis.url });
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  test('I10 hundreds of revocations that never answer delay none of another provider in the same worker', async () => {
    const { api } = await world.start(
      'serve',
      world.configure({ redis: { url: redis.url }, limits: { revokeTimeout: '10s' } }),
    );
    const doomed = await world.openTask(api);
    const stuck = await world.askOften(api, doomed, 500);
    const { gate } = world.providers['dead']!;
    const held = gate.hold(revoking, 'before');
    expect((await world.endByWebhook(api, doomed)).status).toBe(200);
    await held.reached;

    const mixed = await world.openTask(api);
    await world.ask(api, mixed);
    const ending = await world.askOften(api, mixed, 20, { credential: 'live-db' });
    const expiring = await world.askOften(api, mixed, 20, { credential: 'live-db', ttl: '2s' });
    for (const { lease } of expiring) await look.becomes(lease.id, 'revoked');
    expect((await world.endByWebhook(api, mixed)).status).toBe(200);
    for (const { lease, secret } of [...ending, ...expiring]) {
      const { endedAt, revocationRequestedAt } = await look.becomes(lease.id, 'revoked');
      expect(endedAt! - revocationRequestedAt!).toBeLessThan(2000);
      expect(await world.providers['live']!.lets(secret)).toBe(false);
    }
    expect((await look.lease(stuck[0].lease.id))?.state).toBe('revoking');

    gate.open();
    for (const { lease } of stuck) await look.becomes(lease.id, 'revoked', 40_000);
  }, 90_000);
});
