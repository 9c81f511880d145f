import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sortedList } from '../../console/leases/sorted-list.js';
import type { LeaseShape } from '../../src/wire/lease.js';

const lease = (id: string, credential: string) => ({ id, credential }) as LeaseShape;
const byCredential = ({ credential }: LeaseShape) => credential;
const key = (one: LeaseShape) => `${one.credential} ${one.id}`;

test('however leases come, change and go, and however small its blocks, the list is as if sorted anew', () => {
  const change = fc.record({
    id: fc.integer({ min: 0, max: 40 }).map(String),
    credential: fc.option(fc.constantFrom('1', '2', '3', '10'), { nil: undefined }),
  });
  const part = fc.record({ from: fc.nat(45), count: fc.nat(45), backwards: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 120 }),
      fc.integer({ min: 1, max: 6 }),
      part,
      (changes, most, asked) => {
        const list = sortedList(byCredential, most);
        const known = new Map<string, LeaseShape>();
        for (const { id, credential } of changes) {
          const now = credential === undefined ? undefined : lease(id, credential);
          if (now) known.set(id, now);
          else known.delete(id);
          list.put(id, now);
        }
        const expected = [...known.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
        expect([...list]).toEqual(expected);
        expect(list.size).toBe(expected.length);
        const { from, count, backwards } = asked;
        const whole = backwards ? expected.toReversed() : expected;
        expect(list.slice(from, count, backwards)).toEqual(whole.slice(from, from + count));
      },
    ),
  );
});

test('one that changes among a hundred thousand is all whose key is asked for, and takes its new place', () => {
  let asked = 0;
  const list = sortedList((one) => {
    asked++;
    return one.credential;
  });
  const nth = (n: number) => String(n * 7).padStart(8, '0');
  for (let n = 0; n < 100_000; n++) list.put(`${n}`, lease(`${n}`, nth(n)));
  asked = 0;
  list.put('99999', lease('99999', `${nth(0)} and a little`));
  expect(asked).toBe(1);
  expect(list.slice(0, 3).map(({ id }) => id)).toEqual(['0', '99999', '1']);
  expect(list.size).toBe(100_000);
});
