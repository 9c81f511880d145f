import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { moves } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { agent } from '../fake/ledger-facts.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { aStep, beginning, providers } from './ledger-history.js';
import type { Step } from './ledger-history.js';
import { emptyModel, isOver } from './ledger-model.js';
import type { Model } from './ledger-model.js';

// PROTEM_TEST_SEED replays what a failing run has printed; PROTEM_TEST_RUNS makes it search longer.
const seed = Number(process.env['PROTEM_TEST_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env['PROTEM_TEST_RUNS'] ?? 30);

/** A history: now and then two steps happen at once, each on a client of its own. */
const aHistory = fc
  .tuple(
    fc.constantFrom<readonly (readonly Step[])[]>(beginning, beginning, beginning, []),
    fc.array(
      fc.oneof({ arbitrary: fc.tuple(aStep), weight: 3 }, { arbitrary: fc.tuple(aStep, aStep), weight: 1 }),
      { minLength: 1, maxLength: 60, size: 'max' },
    ),
  )
  .map(([begins, goesOn]) => [...begins, ...goesOn]);

describe.each(backends)('random histories of two clients on $name', ({ url }) => {
  const clients: RedisClient[] = [];
  beforeAll(async () => {
    clients.push(await connected(url), await connected(url));
  });
  let steps = 0;
  afterAll(() => console.log(`histories of the ledger: seed ${seed}, ${steps} steps`));

  test('I3, I4, I6: the ledger is what its model says, after every step', async () => {
    const history = fc.asyncProperty(aHistory, fc.boolean(), async (moments, swapped) => {
      const prefix = uniquePrefix();
      const ledgers = clients.map((redis) => redisLedger(redis, { prefix, claimMs: 3_600_000 }));
      if (swapped) ledgers.reverse();
      for (const ledger of ledgers) await ledger.check();
      let model = emptyModel();
      for (const moment of moments) {
        steps += moment.length;
        const came = await Promise.all(moment.map((step, index) => step.happens(ledgers[index]!)));
        const is = await seen(ledgers[0]!, clients[0]!, prefix);
        model = explain(model, moment, came, is);
        mustHold(model, is);
      }
    });
    await fc.assert(history, { seed, numRuns, endOnFailure: false });
  }, 120_000);
});

const same = (one: unknown, other: unknown) => canonicalize(one) === canonicalize(other);

/** The order in which the steps of a moment must have happened for everything to be as it is now. */
function explain(before: Model, moment: readonly Step[], came: readonly unknown[], is: Seen): Model {
  const orders =
    moment.length === 1
      ? [[0]]
      : [
          [0, 1],
          [1, 0],
        ];
  const wouldBe = orders.map((order) => {
    const model = structuredClone(before);
    const expected: unknown[] = [];
    for (const index of order) expected[index] = moment[index]!.expected(model);
    return { model, expected };
  });
  const right = wouldBe.find(({ model, expected }) => same(expected, came) && same(foreseen(model), is));
  if (right) return right.model;
  expect({ moment: moment.map(({ name }) => name), came, is }).toEqual({
    moment: moment.map(({ name }) => name),
    came: wouldBe[0]!.expected,
    is: foreseen(wouldBe[0]!.model),
  });
  throw new Error('unreachable');
}

/** Everything that can be seen of a ledger, its indexes and its audit included. */
interface Seen {
  leases: Record<string, object>;
  tasks: Record<string, boolean>;
  /** Of each provider, all that are in its index, those of them that are due, and those late while not only expiring. */
  due: string[];
  dueNow: string[];
  open: string[];
  ended: string[];
  counts: Record<string, number>;
  /** By agent and entry. */
  live: Record<string, number>;
  told: Record<string, string[]>;
}

async function seen(ledger: Ledger, redis: RedisClient, prefix: string): Promise<Seen> {
  const told: Seen['told'] = {};
  const { items } = await ledger.log.read({ pageSize: 1000 });
  for (const { event } of items) {
    const about = 'lease' in event ? event.lease : 'task' in event ? event.task! : '';
    const cause = event.type === 'lease.revoking' ? ` ${event.cause}` : '';
    (told[about] ??= []).push(event.type + cause);
  }
  const tasks: Seen['tasks'] = {};
  const leases: Seen['leases'] = {};
  for (const id of Object.keys(told)) {
    if (id.startsWith('tsk_')) tasks[id] = (await ledger.tasks.find(id))!.state === 'ended';
    else {
      const lease = (await ledger.leases.find(id))!;
      const { state, effect, cause, attempts, handle, provider, unending, mintUntil, renewals = 0 } = lease;
      leases[id] = {
        ...{ state, effect, cause, attempts, provider, renewals },
        handle: handle['version'],
        unending: unending === true,
        minted: mintUntil === undefined,
      };
    }
  }
  const members = async (name: string) => redis.zrange(`${prefix}:${name}`, '0', '-1');
  const all = async (name: string) =>
    (await Promise.all(providers.map((provider) => members(`${name}:${provider}`)))).flat().sort();
  const dueNow = await Promise.all(
    providers.map((provider) => redis.zrangebyscore(`${prefix}:due:${provider}`, '-inf', Date.now())),
  );
  const counts = (await ledger.leases.counts()).map(
    ({ provider, state, count }) => [`${provider} ${state}`, count] as const,
  );
  return {
    leases,
    tasks,
    due: await all('due'),
    dueNow: dueNow.flat().sort(),
    open: await all('open'),
    ended: [...(await members('ended'))].sort(),
    counts: Object.fromEntries(counts),
    live: Object.fromEntries(
      Object.entries(await redis.hgetall(`${prefix}:live`)).map(([field, count]) => [field, Number(count)]),
    ),
    told,
  };
}

/** The same, as the model has it. */
function foreseen(model: Model): Seen {
  const all = Object.entries(model.leases);
  const idsOf = (holds: (lease: Model['leases'][string]) => boolean) =>
    all
      .filter(([, lease]) => holds(lease))
      .map(([id]) => id)
      .sort();
  const counts: Seen['counts'] = {};
  for (const [, lease] of all)
    if (!isOver(lease)) {
      const name = `${lease.provider} ${lease.state}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  const live: Seen['live'] = {};
  for (const [, lease] of all)
    if (!isOver(lease))
      for (const field of [`a:${agent}`, `e:${lease.entry}`]) live[field] = (live[field] ?? 0) + 1;
  const ending = ['revoking', 'stuck'];
  return {
    leases: Object.fromEntries(
      all.map(([id, { state, effect, cause, attempts, provider, handle, unending, minting, renewals }]) => [
        id,
        { state, effect, cause, attempts, provider, renewals, handle, unending, minted: minting === 'no' },
      ]),
    ),
    tasks: Object.fromEntries(Object.entries(model.tasks).map(([id, { ended }]) => [id, ended])),
    due: idsOf((lease) => !isOver(lease)),
    dueNow: idsOf(({ due }) => due === 'now'),
    open: idsOf((lease) => ending.includes(lease.state) && lease.effect === 'revoked_at_provider'),
    ended: idsOf(isOver),
    counts,
    live,
    told: Object.fromEntries(
      [...all, ...Object.entries(model.tasks)].map(([id, { events }]) => [id, events]),
    ),
  };
}

/** What must hold whatever the model thinks. */
function mustHold(model: Model, is: Seen): void {
  for (const [id, { task, events }] of Object.entries(model.leases)) {
    const { state } = is.leases[id] as { state: keyof typeof moves };
    // I4: nothing of an ended task is on its way to an agent, or with one.
    if (is.tasks[task]) expect(['reserved', 'active']).not.toContain(state);
    // I3: what is not over is due some time, so it ends; I6: an end is told once, and nothing after it.
    expect(is.due.includes(id)).toBe(moves[state].length > 0);
    const ends = events.filter((event) => /^lease\.(revoked|expired)$/.test(event));
    expect(ends).toHaveLength(moves[state].length === 0 ? 1 : 0);
    if (ends.length > 0) expect(is.told[id]!.at(-1)).toBe(ends[0]);
    expect(is.told[id]!.filter((event) => event.startsWith('lease.revoking')).length).toBeLessThanOrEqual(1);
  }
}
