import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { agent, newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { freshLedger, reserved } from './fresh.js';

describe.each(backends)('reservations and activations that go together on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeAll(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
  });

  const openTask = async () => (await ledger.tasks.open(newTask()))!.id;
  const codes = (ends: readonly PromiseSettledResult<{ readonly state: string }>[]) =>
    ends.map((end) => (end.status === 'fulfilled' ? end.value.state : (end.reason as { code: string }).code));

  test('each reservation is decided as if it were alone, and later ones on what came before', async () => {
    const [open, ended] = [await openTask(), await openTask()];
    await ledger.tasks.end(ended, { outcome: 'completed', by: agent, via: 'api' });
    const once = { key: 'a key', digest: 'a digest' };
    const ends = await Promise.allSettled([
      reserved(ledger, open, {}, {}, once),
      reserved(ledger, ended),
      reserved(ledger, 'tsk_00000000'),
      reserved(ledger, open, {}, {}, once),
      reserved(ledger, open, {}, {}, { ...once, digest: 'another' }),
      reserved(ledger, open, {}, { ofTask: 1 }),
      reserved(ledger, open, {}, { ofTask: 2 }),
    ]);
    expect(codes(ends)).toEqual([
      'reserved',
      'task.ended',
      'task.unknown',
      'idempotency.in_flight',
      'idempotency.reused',
      'task.full',
      'reserved',
    ]);
  });

  test('what they came to is counted, for each of them', async () => {
    const { ledger: counting } = await freshLedger(url);
    const task = (await counting.tasks.open(newTask()))!.id;
    const leases = await Promise.all(Array.from({ length: 6 }, () => reserved(counting, task)));
    await Promise.all(
      leases
        .slice(0, 4)
        .map((lease) =>
          counting.leases.activate(lease, { expiresAt: undefined, effect: 'revoked_at_provider' }),
        ),
    );
    expect((await counting.leases.counts()).toSorted((one, other) => other.count - one.count)).toEqual([
      { provider: 'vault', state: 'active', count: 4 },
      { provider: 'vault', state: 'reserved', count: 2 },
    ]);
    expect(await counting.leases.providers()).toEqual(['vault']);
    expect(await counting.tasks.holding(task)).toEqual([task]);
    const [seen] = await counting.agents.find([agent]);
    expect(seen?.liveLeases ?? 6).toBe(6);
  });

  test('I4: of activations together those of an ended task get nothing, and are due', async () => {
    const [open, ending] = [await openTask(), await openTask()];
    const [kept, lost] = [await reserved(ledger, open), await reserved(ledger, ending)];
    await ledger.tasks.end(ending, { outcome: 'completed', by: agent, via: 'api' });
    const minted = { expiresAt: undefined, effect: 'revoked_at_provider' } as const;
    const [active, none] = await Promise.all([
      ledger.leases.activate(kept, minted),
      ledger.leases.activate(lost, minted),
    ]);
    expect([active?.state, none]).toEqual(['active', undefined]);
    expect((await ledger.leases.find(lost.id))?.state).toBe('revoking');
  });

  test('AUD-02: each event names the call that its own was made for', async () => {
    const task = await openTask();
    const reserveFor = async (request: string) => {
      const lease = newLease(task);
      const ofCall = ledger.forCall({ request });
      const held = await ofCall.leases.reserve(lease, reservedEvent(lease));
      await ofCall.leases.activate(held, { expiresAt: undefined, effect: 'revoked_at_provider' });
      return lease.id;
    };
    const requests = ['req_a', 'req_b', 'req_c'];
    const ids = await Promise.all(requests.map(reserveFor));
    const { items } = await ledger.log.read({ subject: task, pageSize: 100 });
    const told = (id: string) =>
      items.flatMap(({ event }) => ('lease' in event && event.lease === id ? [event.request] : []));
    expect(ids.map(told)).toEqual(requests.map((request) => [request, request]));
  });

  test('a record that cannot be activated fails alone', async () => {
    const task = await openTask();
    const [broken, whole] = [await reserved(ledger, task), await reserved(ledger, task)];
    const text = (await redis.get(`${prefix}:${broken.id}`))!;
    await redis.set(`${prefix}:${broken.id}`, text.replace('"vault",', '{},'));
    const minted = { expiresAt: undefined, effect: 'revoked_at_provider' } as const;
    const ends = await Promise.allSettled(
      [broken, whole].map((lease) => ledger.leases.activate(lease, minted)),
    );
    expect(ends).toMatchObject([
      { status: 'rejected', reason: { code: 'state.unavailable' } },
      { status: 'fulfilled', value: { state: 'active' } },
    ]);
  });

  test('a lease whose record cannot be read any more does not become active: nobody could take it back', async () => {
    const lease = await reserved(ledger, await openTask());
    const record = (await redis.get(`${prefix}:${lease.id}`))!;
    await redis.set(`${prefix}:${lease.id}`, `${record.split('\n')[0]}\nnot a body`);
    const end = { expiresAt: undefined, effect: lease.effect };
    expect(await ledger.leases.activate(lease, end)).toBeUndefined();
  });
});
