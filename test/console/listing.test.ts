import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openListing } from '../../console/leases/listing.js';
import { columns } from '../../console/leases/order.js';
import { kinds, isListed, viewOf } from '../../console/leases/view.js';
import { troubleOf } from '../../console/words.js';
import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();

/** A lease that ends so many seconds after the start, and, where it is being revoked, was told to so many after it. */
function lease(id: string, state: LeaseShape['state'], ends: number, asked: number): LeaseShape {
  const revocation = {
    effect: 'revoked_at_provider' as const,
    attempts: 0,
    ...(state !== 'active' && { requestedAt: iso(start + asked * 1000) }),
  };
  const times = {
    reservedAt: iso(start),
    expiresAt: iso(start + ends * 1000),
    ceilingAt: iso(start + ends * 1000),
  };
  const task = `tsk_${Number(id) % 3}`;
  return {
    id,
    task,
    agent: 'a',
    credential: 'c',
    provider: 'p',
    parameters: {},
    state,
    revocation,
    ...times,
  };
}

const change = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    id: fc.nat(30).map(String),
    state: fc.constantFrom('active' as const, 'revoking' as const, 'stuck' as const),
    ends: fc.integer({ min: -100, max: 600 }),
    asked: fc.integer({ min: -60, max: 60 }),
  }),
  fc.record({ do: fc.constant('drop' as const), id: fc.nat(30).map(String) }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(200) }),
  fc.record({
    do: fc.constant('arrange' as const),
    kind: fc.constantFrom(...kinds.map(([kind]) => kind).filter((kind) => kind !== 'over')),
    words: fc.constantFrom('', 'two'),
    column: fc.constantFrom(...columns),
    descending: fc.boolean(),
  }),
);

test('whatever changes, and however time goes by, what is listed is as if it were looked for and sorted anew', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 40 }), async (changes) => {
      let now = start;
      const leases = new Map<string, LeaseShape>();
      const tasks = new Map(
        ['one', 'two', 'three'].map((intent, n) => [`tsk_${n}`, { intent } as TaskSummaryShape]),
      );
      let view = viewOf(new URLSearchParams());
      let sorting = { column: 'state' as (typeof columns)[number], descending: false };
      const held = { leases, tasks };
      const listing = openListing(held, view, sorting, () => now);
      for (const one of changes) {
        if (one.do === 'put') leases.set(one.id, lease(one.id, one.state, one.ends, one.asked));
        if (one.do === 'drop') leases.delete(one.id);
        if (one.do === 'put' || one.do === 'drop') listing.put(one.id);
        if (one.do === 'wait') {
          now += one.seconds * 1000;
          await listing.tick();
        }
        if (one.do === 'arrange') {
          const { kind, words, column, descending } = one;
          view = viewOf(new URLSearchParams({ view: kind, words }));
          sorting = { column, descending };
          await listing.arrange(view, sorting);
        }
      }
      const anew = openListing(held, view, sorting, () => now);
      for (const id of leases.keys()) anew.put(id);
      const listed = listing.listed();
      expect(listed.slice(0, 100)).toEqual(anew.listed().slice(0, 100));
      const expected = [...leases.values()].filter((each) => isListed(each, tasks.get(each.task), view, now));
      expect(new Set(listed.ids())).toEqual(new Set(expected.map(({ id }) => id)));
      expect(listed.troubled).toBe(expected.filter((each) => troubleOf(each, now) !== undefined).length);
    }),
  );
});

test('a lease that changes while the list is arranged anew is where it belongs when that is done', async () => {
  const leases = new Map<string, LeaseShape>();
  for (let n = 0; n < 20_000; n++) leases.set(`${n}`, lease(`${n}`, 'active', 1000 + n, 0));
  const view = viewOf(new URLSearchParams());
  const held = { leases, tasks: new Map() };
  const listing = openListing(held, view, { column: 'state', descending: false }, () => start);
  for (const id of leases.keys()) listing.put(id);
  const arranged = listing.arrange(view, { column: 'ends', descending: false });
  // What was listed stays until then.
  expect(listing.listed().size).toBe(20_000);
  leases.set('19999', lease('19999', 'active', 1, 0));
  listing.put('19999');
  leases.delete('0');
  listing.put('0');
  expect(await arranged).toBe(true);
  expect(
    listing
      .listed()
      .slice(0, 2)
      .map(({ id }) => id),
  ).toEqual(['19999', '1']);
  expect(listing.listed().size).toBe(19_999);
});

test('arranging a hundred thousand lets others have their turn many times before it is done', async () => {
  const leases = new Map<string, LeaseShape>();
  for (let n = 0; n < 100_000; n++) leases.set(`${n}`, lease(`${n}`, 'active', n % 977, 0));
  const view = viewOf(new URLSearchParams());
  const listing = openListing(
    { leases, tasks: new Map() },
    view,
    { column: 'state', descending: false },
    () => start,
  );
  let turns = 0;
  const others = setInterval(() => turns++, 0);
  await listing.arrange(view, { column: 'ends', descending: false });
  clearInterval(others);
  expect(listing.listed().size).toBe(100_000);
  // At once, it would be none.
  expect(turns).toBeGreaterThanOrEqual(5);
});

test('arranged twice at once, it is as was asked last', async () => {
  const leases = new Map([['1', lease('1', 'active', 100, 0)]]);
  for (let n = 2; n < 20_000; n++) leases.set(`${n}`, lease(`${n}`, 'active', 1000 - n, 0));
  const view = viewOf(new URLSearchParams());
  const listing = openListing(
    { leases, tasks: new Map() },
    view,
    { column: 'state', descending: false },
    () => start,
  );
  const outcomes = await Promise.all([
    listing.arrange(view, { column: 'agent', descending: false }),
    listing.arrange(view, { column: 'ends', descending: true }),
  ]);
  expect(outcomes).toEqual([false, true]);
  expect(listing.listed().slice(0, 1)[0]?.id).toBe('2');
});
