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

  test('links that stand together are found one by one, by the log and by a history; where some are lost, no others are', async () => {
    const prefix = uniquePrefix();
    const ledger = redisLedger(redis, { prefix });
    const each = Array.from({ length: 250 }, (_, i) => `spiffe://example.org/agent/${i % 3}`);
    const fact = { task: '', issuer: 'i', claims: {}, fault: 'x', asked: {} };
    await Promise.all(
      each.map((of) => ledger.log.record({ type: 'credential.refused', agent: of, ...fact })),
    );
    // Some of them before, so that a block begins in the middle of nothing.
    await ledger.log.seal();
    await Promise.all(
      each.map((of) => ledger.log.record({ type: 'credential.refused', agent: of, ...fact })),
    );
    const all = (await ledger.log.read({ pageSize: 1000 })).items;
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    expect(all.map(({ previous }) => previous)).toEqual([
      chainStart,
      ...all.map(({ hash }) => hash).slice(0, -1),
    ]);
    expect(all.filter((record) => record.hash !== recordHash(record))).toEqual([]);
    const subject = 'spiffe://example.org/agent/1';
    const ofOne = all.filter(({ event }) => 'agent' in event && event.agent === subject);
    expect((await ledger.log.read({ subject, pageSize: 1000 })).items).toEqual(ofOne);
    expect(ofOne.length).toBeGreaterThan(160);

    const [[block] = []] = await redis.xrange(`${prefix}:chain`, '-', '+', 'COUNT', 1);
    await redis.xdel(`${prefix}:chain`, block!);
    const left = (await ledger.log.read({ pageSize: 1000 })).items;
    expect(left.length).toBeLessThan(500);
    expect(left).toEqual(all.slice(-left.length));
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
