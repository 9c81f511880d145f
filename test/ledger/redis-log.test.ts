import { beforeAll, describe, expect, test } from '@jest/globals';
import { recordHash, chainStart } from '../../src/audit/chain.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { agent, newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

describe.each(backends)('the log on $name', ({ url }) => {
  let redis: RedisClient;
  beforeAll(async () => {
    redis = await connected(url);
  });

  test('every change is told once, in order, and the chain over all of it holds', async () => {
    const ledger = redisLedger(redis, { prefix: uniquePrefix() });
    const task = (await ledger.tasks.open(newTask()))!;
    const lease = newLease(task.id);
    const held = await ledger.leases.reserve(lease, reservedEvent(lease));
    await ledger.leases.activate(held, { expiresAt: Date.now() + 5000, effect: lease.effect });
    await ledger.tasks.end(task.id, { outcome: 'completed', by: 'orc', via: 'call' });
    await ledger.leases.settle(lease.id, { is: 'revoked' });
    await ledger.log.record({ type: 'identity.refused', reason: 'svid.expired', count: 1 });
    const { items } = await ledger.log.read({ pageSize: 100 });
    expect(items.map((record) => record.event.type)).toEqual([
      'task.opened',
      'lease.reserved',
      'lease.active',
      'task.ended',
      'lease.revoking',
      'lease.revoked',
      'identity.refused',
    ]);
    let previous = chainStart;
    for (const [index, record] of items.entries()) {
      expect(record.seq).toBe(index + 1);
      expect(record.previous).toBe(previous);
      expect(record.hash).toBe(recordHash(record));
      previous = record.hash;
    }
    expect((await ledger.log.read({ subject: lease.id, pageSize: 100 })).items).toHaveLength(6);
    expect((await ledger.log.read({ subject: agent, pageSize: 100 })).items).toHaveLength(6);
  });

  test('several processes may seal at once: the chain stays whole', async () => {
    const shared = uniquePrefix();
    const ledgers = await Promise.all(
      [1, 2, 3].map(async () => redisLedger(await connected(url), { prefix: shared })),
    );
    await Promise.all(
      ledgers.flatMap((each, n) =>
        Array.from({ length: 30 }, async (_, i) => {
          await each.log.record({ type: 'identity.refused', reason: `${n}-${i}`, count: 1 });
          await each.log.seal();
        }),
      ),
    );
    const { items } = await ledgers[0]!.log.read({ pageSize: 500 });
    expect(items.map((record) => record.seq)).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
  });
});
