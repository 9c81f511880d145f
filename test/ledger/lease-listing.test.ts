import { beforeAll, describe, expect, test } from '@jest/globals';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

describe.each(backends)('leases listed and counted on $name', ({ url }) => {
  let redis: RedisClient;
  beforeAll(async () => {
    redis = await connected(url);
  });

  test('leases are listed page by page with filters, each exactly once', async () => {
    const ledger = redisLedger(redis, { prefix: uniquePrefix() });
    const task = (await ledger.tasks.open(newTask()))!;
    const ids: string[] = [];
    for (let i = 0; i < 25; i++) {
      const lease = newLease(task.id, { provider: i % 2 ? 'a' : 'b', entry: i % 5 ? 'x' : 'y' });
      ids.push((await ledger.leases.reserve(lease, reservedEvent(lease))).id);
    }
    const all = async (query: object) => {
      const found: string[] = [];
      let pageToken: string | undefined;
      do {
        const page = await ledger.leases.list({ pageSize: 7, ...query, ...(pageToken && { pageToken }) });
        found.push(...page.items.map((lease) => lease.id));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return found;
    };
    expect((await all({})).sort()).toEqual([...ids].sort());
    expect((await all({ task: task.id })).sort()).toEqual([...ids].sort());
    expect(await all({ provider: 'a' })).toHaveLength(12);
    expect(await all({ entry: 'y' })).toHaveLength(5);
    expect(await all({ state: 'active' })).toEqual([]);
    await expect(ledger.leases.list({ pageSize: 5, pageToken: 'nonsense' })).rejects.toMatchObject({
      code: 'request.malformed',
    });
  });

  test('live leases are counted by provider and state as they move', async () => {
    const ledger = redisLedger(redis, { prefix: uniquePrefix() });
    const task = (await ledger.tasks.open(newTask()))!;
    const leases = [newLease(task.id), newLease(task.id), newLease(task.id)];
    const held = await Promise.all(leases.map((lease) => ledger.leases.reserve(lease, reservedEvent(lease))));
    await ledger.leases.activate(held[0]!, { expiresAt: undefined, effect: 'revoked_at_provider' });
    await ledger.leases.revoke(leases[1]!.id, 'operator', 'op');
    expect(await ledger.leases.counts()).toEqual(
      expect.arrayContaining([
        { provider: 'vault', state: 'active', count: 1 },
        { provider: 'vault', state: 'revoking', count: 1 },
        { provider: 'vault', state: 'reserved', count: 1 },
      ]),
    );
  });
});
