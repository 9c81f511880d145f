import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newTask, renewingEvent } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { activated, freshLedger, reserved } from './fresh.js';

const unavailable = expect.objectContaining({ code: 'state.unavailable' });

describe.each(backends)(
  'when a provider answers and the log alone cannot be written, on $name',
  ({ url }) => {
    let redis: RedisClient;
    let prefix: string;
    let ledger: Ledger;
    let task: string;
    beforeEach(async () => {
      ({ redis, prefix, ledger } = await freshLedger(url));
      task = (await ledger.tasks.open(newTask()))!.id;
    });

    /** What is there is no log then, and takes no event. */
    async function withoutLog(work: () => Promise<unknown>) {
      await redis.rename(`${prefix}:events`, `${prefix}:put-aside`);
      await redis.set(`${prefix}:events`, 'not a log');
      await work();
      await redis.rename(`${prefix}:put-aside`, `${prefix}:events`);
    }
    const found = async ({ id }: Lease) => (await ledger.leases.find(id))!;
    const typesTold = async ({ id }: Lease) => {
      await ledger.leases.mendIndex(100);
      const { items } = await ledger.log.read({ subject: id, pageSize: 100 });
      return items.map(({ event }) => event.type).filter((type) => type.startsWith('lease.'));
    };
    const renewing = async (lease: Lease) =>
      (await ledger.renewals.begin(
        {
          ...{ id: 'req_renewal', lease, askedSeconds: 3000, mayShorten: false },
          ...{ limitAt: Infinity, minimumSeconds: 1, timeoutMs: 60_000 },
        },
        renewingEvent(lease),
      ))!;
    const until = (lease: Lease) => ({ expiresAt: lease.expiresAt + 600_000, replaced: false });

    test('I1: what was minted is not active, as nothing tells of it, and can be when it can be told', async () => {
      const lease = await reserved(ledger, task);
      await withoutLog(() => expect(activated(ledger, lease)).rejects.toEqual(unavailable));
      expect(await found(lease)).toEqual(lease);
      expect(await ledger.leases.counts()).toEqual([
        { provider: lease.provider, state: 'reserved', count: 1 },
      ]);
      expect(await activated(ledger, lease)).toMatchObject({ state: 'active' });
      expect(await typesTold(lease)).toEqual(['lease.reserved', 'lease.active']);
    });

    test('I1: what was renewed keeps the end that was told, and can be renewed when it can be told', async () => {
      const lease = await activated(ledger, await reserved(ledger, task), Date.now() + 600_000);
      const renewal = await renewing(lease);
      await withoutLog(() =>
        expect(ledger.renewals.finish(renewal, until(lease))).rejects.toEqual(unavailable),
      );
      expect(await found(lease)).toMatchObject({ state: 'active', expiresAt: lease.expiresAt });
      expect((await ledger.renewals.finish(renewal, until(lease))).expiresAt).toBe(renewal.endsAt);
      expect((await typesTold(lease)).slice(-2)).toEqual(['lease.renewing', 'lease.renewed']);
    });

    test('I7: of a task whose deadline has passed meanwhile it is taken back, and told when it can be', async () => {
      const minted = await reserved(ledger, task);
      const renewed = await activated(ledger, await reserved(ledger, task), Date.now() + 600_000);
      const renewal = await renewing(renewed);
      await redis.hset(`${prefix}:${task}`, 'd', '1');
      await withoutLog(async () => {
        expect(await activated(ledger, minted)).toBeUndefined();
        const late = ledger.renewals.finish(renewal, until(renewed));
        await expect(late).rejects.toMatchObject({ code: 'task.ended' });
      });
      for (const lease of [minted, renewed]) {
        expect(await found(lease)).toMatchObject({ state: 'revoking', cause: 'task_end' });
        expect((await typesTold(lease)).at(-1)).toBe('lease.revoking');
      }
    });
  },
);
