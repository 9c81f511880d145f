import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { agent, newTask, renewingEvent } from '../fake/ledger-facts.js';
import { activated, freshLedger, reserved } from '../ledger/fresh.js';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';

const runs = canRun('a Redis that is full', redisPrograms());

(runs ? describe : describe.skip)('I7: a store that is full', () => {
  let server: RedisServer;
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeAll(async () => {
    server = await startRedis();
    ({ redis, prefix, ledger } = await freshLedger(server.url));
  }, 60_000);
  afterEach(() => void server.cli('config', 'set', 'maxmemory', '0'));
  afterAll(async () => {
    redis?.disconnect();
    await server?.close();
  });

  const fill = () => server.cli('config', 'set', 'maxmemory', '1mb');
  const refused = expect.objectContaining({ code: 'state.unavailable' });
  const task = async () => (await ledger.tasks.open(newTask()))!.id;
  const lease = async (of: string) => activated(ledger, await reserved(ledger, of), Date.now() + 600_000);
  const renewing = (of: Lease) =>
    ledger.renewals.begin(
      {
        ...{ id: `req_${of.id}`, lease: of, askedSeconds: 3000, mayShorten: false },
        ...{ limitAt: Infinity, minimumSeconds: 1, timeoutMs: 60_000 },
      },
      renewingEvent(of),
    );

  test('begins nothing: no task, no lease, no activation, no renewal; nor what goes together with an end', async () => {
    const open = await task();
    const [minted, other, active] = [
      await reserved(ledger, open),
      await reserved(ledger, open),
      await lease(open),
    ];
    const renewal = (await renewing(await lease(open)))!;
    const late = await reserved(ledger, await task());
    await redis.hset(`${prefix}:${late.taskId}`, 'd', '1');
    fill();
    await expect(task()).rejects.toEqual(refused);
    await expect(reserved(ledger, open)).rejects.toEqual(refused);
    await expect(activated(ledger, minted)).rejects.toEqual(refused);
    await expect(renewing(active)).rejects.toEqual(refused);
    const end = { expiresAt: renewal.endsAt, replaced: false };
    await expect(ledger.renewals.finish(renewal, end)).rejects.toEqual(refused);
    const together = await Promise.allSettled(
      [late, minted, late, other].map((one) => activated(ledger, one)),
    );
    expect(together.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    for (const one of [minted, other, late]) expect(await ledger.leases.find(one.id)).toEqual(one);
    expect(await ledger.leases.find(renewal.lease.id)).toMatchObject({ expiresAt: renewal.lease.expiresAt });
  });

  test('ends all the same', async () => {
    const ending = await task();
    const [one, two] = [await lease(ending), await lease(await task())];
    fill();
    await ledger.tasks.end(ending, { outcome: 'completed', by: agent, via: 'api' });
    await ledger.leases.revoke(two.id, 'operator', 'operator:olga');
    for (const each of [one, two]) {
      expect(await ledger.leases.find(each.id)).toMatchObject({ state: 'revoking' });
      expect(await ledger.leases.settle(each.id, { is: 'revoked' })).toMatchObject({ state: 'revoked' });
    }
  });
});
