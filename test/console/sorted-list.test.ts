import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sortedList } from '../../console/leases/sorted-list.js';
import type { LeaseShape } from '../../src/wire/lease.js';

const lease = (id: string, credential: string) => ({ id, credential }) as LeaseShape;
const byCredential = ({ credential }: LeaseShape) => credential;

test('however leases come, change and go, and in whatever parts, the list is as if sorted anew', () => {
  const change = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    credential: fc.option(fc.constantFrom('1', '2', '3', '10'), { nil: undefined }),
    look: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const list = sortedList(byCredential);
      const known = new Map<string, LeaseShape>();
      for (const { id, credential, look } of changes) {
        const now = credential === undefined ? undefined : lease(id, credential);
        if (now) known.set(id, now);
        else known.delete(id);
        list.put(id, now);
        if (look) list.sorted();
      }
      const key = (one: LeaseShape) => `${one.credential} ${one.id}`;
      const expected = [...known.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
      expect(list.sorted()).toEqual(expected);
    }),
  );
});

test('what is sorted by may change with the time', () => {
  let turned = false;
  const list = sortedList(({ credential }) => (turned && credential === '2' ? '0' : credential));
  list.put('a', lease('a', '1'));
  list.put('b', lease('b', '2'));
  expect(list.sorted().map(({ id }) => id)).toEqual(['a', 'b']);
  turned = true;
  list.reorder();
  expect(list.sorted().map(({ id }) => id)).toEqual(['b', 'a']);
});
