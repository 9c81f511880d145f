import { expect, test } from '@jest/globals';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { plant, until } from './working.js';
import type { Plant } from './working.js';

const claimMs = 400;

/** What can happen to a job that waits: to the list of those, to the record of one, or to all. */
const losses: Record<string, (plant: Plant) => Promise<unknown>> = {
  'the whole queue is obliterated': ({ obliterate }) => obliterate('pretend'),
  'every job is lost': async ({ redis, prefix }) => {
    const jobs = await redis.lrange(`${prefix}:revoke-pretend:wait`, 0, -1);
    await redis.del(...jobs.map((job) => `${prefix}:revoke-pretend:${job}`));
    await redis.del(`${prefix}:revoke-pretend:wait`);
  },
  'the record of a job is lost, and its place in the list is not': async ({ redis, prefix }) => {
    const jobs = await redis.lrange(`${prefix}:revoke-pretend:wait`, 0, -1);
    await redis.del(...jobs.map((job) => `${prefix}:revoke-pretend:${job}`));
  },
  'the place of a job in the list is lost, and its record is not': ({ redis, prefix }) =>
    redis.del(`${prefix}:revoke-pretend:wait`),
};

test.each(Object.entries(losses))(
  'I8, rule 4: what was claimed is due again by itself when its claim is over, though %s',
  async (_what, lose) => {
    const provider = pretendProvider();
    const planted = await plant([provider], { claimMs });
    const { ports, ledger, redis, prefix, lease, end, startWorker } = planted;
    const leases = await Promise.all(Array.from({ length: 30 }, () => lease()));
    await Promise.all(leases.map(end));
    await dispatchDue(ports, 'pretend');
    expect(await redis.llen(`${prefix}:revoke-pretend:wait`)).toBeGreaterThan(0);
    await lose(planted);

    // It is hidden for the claim time and no longer, whatever became of its job.
    const scores = await redis.zrange(`${prefix}:due:pretend`, '0', '-1', 'WITHSCORES');
    const dueAt = scores.filter((_, index) => index % 2 === 1).map(Number);
    expect(dueAt).toHaveLength(30);
    expect(Math.max(...dueAt)).toBeLessThanOrEqual(ledger.clock() + claimMs);

    await startWorker();
    await until(() => provider.live.size === 0);
    for (const { id } of leases) await until(async () => (await ledger.leases.find(id))?.state === 'revoked');
  },
);
