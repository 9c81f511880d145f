import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { newTask } from '../fake/ledger-facts.js';
import { backends } from '../setup/backends.js';
import { activated, freshLedger, reserved } from './fresh.js';

describe.each(backends)('leases settled in one step on $name', ({ url }) => {
  let redis: RedisClient;
  let prefix: string;
  let ledger: Ledger;
  beforeAll(async () => {
    ({ redis, prefix, ledger } = await freshLedger(url));
  });

  async function revoking(): Promise<string> {
    const task = (await ledger.tasks.open(newTask()))!;
    const lease = await activated(ledger, await reserved(ledger, task.id));
    await ledger.leases.revoke(lease.id, 'operator', 'someone');
    return lease.id;
  }

  test('each becomes what its own attempt came to', async () => {
    const [gone, later, failing] = [await revoking(), await revoking(), await revoking()];
    const ends = await Promise.all([
      ledger.leases.settle(gone, { is: 'revoked' }),
      ledger.leases.settle(later, { is: 'waiting', untilAt: Date.now() + 60_000 }),
      ledger.leases.settle(failing, {
        is: 'failed',
        fault: 'provider.timeout',
        retryInMs: 1000,
        stuck: true,
      }),
      ledger.leases.settle(gone, { is: 'revoked' }),
      ledger.leases.settle('lse_00000000000000', { is: 'revoked' }),
    ]);
    expect(ends.map((end) => end?.state)).toEqual(['revoked', 'revoking', 'stuck', undefined, undefined]);
    expect(await Promise.all([gone, later, failing].map(ledger.leases.find))).toEqual(ends.slice(0, 3));
  });

  test('a record that cannot be settled fails alone', async () => {
    const [broken, whole] = [await revoking(), await revoking()];
    const text = (await redis.get(`${prefix}:${broken}`))!;
    await redis.set(`${prefix}:${broken}`, text.replace(/"q":-?\d+,?/, '').replace(',}', '}'));
    const ends = await Promise.allSettled(
      [broken, whole].map((id) => ledger.leases.settle(id, { is: 'revoked' })),
    );
    expect(ends).toMatchObject([
      { status: 'rejected', reason: { code: 'state.unavailable' } },
      { status: 'fulfilled', value: { state: 'revoked' } },
    ]);
  });
});
