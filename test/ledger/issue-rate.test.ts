import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Conditions, Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { clockedRedis } from '../fake/clocked-redis.js';
import { newLease, newTask, reservedEvent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

// Not in the past: what expires at a moment would be gone.
const startMs = Date.now() + 60_000;

describe.each(backends)('how fast leases are reserved, on $name', ({ url }) => {
  let redis: RedisClient;
  beforeAll(async () => {
    redis = await connected(url);
  });

  async function fresh() {
    const prefix = uniquePrefix();
    const clocked = await clockedRedis(redis, prefix, startMs);
    const ledger = redisLedger(clocked.redis, { prefix, clock: clocked.now });
    const after = (ms: number) => clocked.set(clocked.now() + ms);
    const keys = async () => (await redis.keys(`${prefix}:rate:*`)).toSorted();
    return { ledger, after, prefix, keys };
  }
  const taskOf = async (ledger: Ledger, agent?: string) =>
    (await ledger.tasks.open(
      newTask({ deadlineAt: startMs + 86_400_000, ...(agent && { agent, openedBy: agent }) }),
    ))!;
  const reserve = async (
    ledger: Ledger,
    task: { id: string; agent: string },
    conditions: Conditions,
    over: object = {},
  ) => {
    const lease = newLease(task.id, { agent: task.agent, ...over });
    return ledger.leases.reserve(lease, reservedEvent(lease), undefined, conditions).then(
      () => 'reserved' as const,
      (fault: unknown) => fault as { code: string; message: string; retryAfterSeconds: number },
    );
  };

  test('OPS-05 a burst passes whole, then one at a time, and Retry-After says when', async () => {
    const { ledger, after } = await fresh();
    const task = await taskOf(ledger);
    const conditions: Conditions = { rates: [['agent', { most: 3, withinSeconds: 60 }]] };
    for (let n = 0; n < 3; n++) expect(await reserve(ledger, task, conditions)).toBe('reserved');
    expect(await reserve(ledger, task, conditions)).toMatchObject({
      code: 'quota.issue_rate',
      message: 'This agent has as many credentials issued as it may have: 3 in 1m.',
      retryAfterSeconds: 20,
    });
    await after(19_000);
    expect(await reserve(ledger, task, conditions)).toMatchObject({ retryAfterSeconds: 1 });
    await after(1000);
    expect(await reserve(ledger, task, conditions)).toBe('reserved');
    expect(await reserve(ledger, task, conditions)).toMatchObject({ retryAfterSeconds: 20 });
    await after(60_000);
    for (let n = 0; n < 3; n++) expect(await reserve(ledger, task, conditions)).toBe('reserved');
  });

  test('OPS-05 agents, tasks and entries are counted apart, and each says which it was', async () => {
    const { ledger } = await fresh();
    const [one, two] = [await taskOf(ledger), await taskOf(ledger)];
    const other = await taskOf(ledger, 'spiffe://example.org/agent/other');
    const once = { most: 1, withinSeconds: 60 };
    expect(await reserve(ledger, one, { rates: [['task', once]] })).toBe('reserved');
    expect(await reserve(ledger, one, { rates: [['task', once]] })).toMatchObject({
      message: expect.stringContaining('This task'),
    });
    expect(await reserve(ledger, two, { rates: [['task', once]] })).toBe('reserved');
    expect(await reserve(ledger, two, { rates: [['agent', once]] })).toBe('reserved');
    expect(await reserve(ledger, one, { rates: [['agent', once]] })).toMatchObject({
      message: expect.stringContaining('This agent'),
    });
    expect(await reserve(ledger, other, { rates: [['agent', once]] })).toBe('reserved');
    expect(await reserve(ledger, other, { rates: [['entry', once]] })).toBe('reserved');
    expect(await reserve(ledger, one, { rates: [['entry', once]] })).toMatchObject({
      message: expect.stringContaining('This catalog entry'),
    });
    expect(await reserve(ledger, one, { rates: [['entry', once]] }, { entry: 'another' })).toBe('reserved');
  });

  test('what one quota refuses is not charged to the others', async () => {
    const { ledger, keys } = await fresh();
    const task = await taskOf(ledger);
    const rates: Conditions['rates'] = [
      ['agent', { most: 2, withinSeconds: 60 }],
      ['task', { most: 1, withinSeconds: 60 }],
    ];
    expect(await reserve(ledger, task, { rates })).toBe('reserved');
    for (let n = 0; n < 5; n++)
      expect(await reserve(ledger, task, { rates })).toMatchObject({ code: 'quota.issue_rate' });
    const another = await taskOf(ledger);
    expect(await reserve(ledger, another, { rates })).toBe('reserved');
    expect((await keys()).length).toBe(3);
    for (const key of await keys()) expect(await redis.pttl(key)).toBeLessThanOrEqual(60_000);
  });

  test('in no stretch of time are there more than the burst and what the time gives', async () => {
    const step = fc.record({
      waitMs: fc.constantFrom(0, 1, 333, 1000, 2500, 7000),
      asks: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(1, 3, 10),
        fc.array(step, { minLength: 1, maxLength: 8 }),
        async (most, withinSeconds, steps) => {
          const { ledger, after } = await fresh();
          const task = await taskOf(ledger);
          const passed: number[] = [];
          let now = 0;
          for (const { waitMs, asks } of steps) {
            await after(waitMs);
            now += waitMs;
            for (let n = 0; n < asks; n++)
              if (
                (await reserve(ledger, task, { rates: [['task', { most, withinSeconds }]] })) === 'reserved'
              )
                passed.push(now);
          }
          for (const [first, from] of passed.entries())
            for (const [last, to] of passed.entries())
              if (last >= first)
                expect(last - first + 1).toBeLessThanOrEqual(
                  most + ((to - from + 1) * most) / (withinSeconds * 1000),
                );
          expect(passed.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 15 },
    );
  });
});
