import type { LeaseShape } from '../../src/wire/lease.js';

interface Entry {
  readonly key: string;
  readonly lease: LeaseShape;
}

/** Leases in the order of their keys, in which a few of ten thousand can change without all being sorted again. */
export interface SortedList {
  /** The lease as it is now; undefined takes it out. */
  put(id: string, lease: LeaseShape | undefined): void;
  /** Keys are asked for anew: what they say may have changed with the time. */
  reorder(): void;
  sorted(): readonly LeaseShape[];
}

export function sortedList(keyOf: (lease: LeaseShape) => string): SortedList {
  let entries: readonly Entry[] = [];
  const changed = new Map<string, LeaseShape | undefined>();
  const entryOf = (lease: LeaseShape): Entry => ({ key: `${keyOf(lease)} ${lease.id}`, lease });
  return {
    put: (id, lease) => void changed.set(id, lease),

    reorder() {
      for (const { lease, key } of entries)
        if (!changed.has(lease.id) && entryOf(lease).key !== key) changed.set(lease.id, lease);
    },

    sorted() {
      const stay = entries.filter(({ lease }) => !changed.has(lease.id));
      const come = [...changed.values()].flatMap((lease) => (lease ? [entryOf(lease)] : []));
      changed.clear();
      entries = merged(stay, come.toSorted(byKey));
      return entries.map(({ lease }) => lease);
    },
  };
}

const byKey = (a: Entry, b: Entry): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** Both are in order. */
function merged(stay: readonly Entry[], come: readonly Entry[]): Entry[] {
  const all: Entry[] = [];
  let from = 0;
  for (const entry of come) {
    const to = placeOf(entry.key, stay, from);
    for (; from < to; from++) all.push(stay[from]!);
    all.push(entry);
  }
  for (; from < stay.length; from++) all.push(stay[from]!);
  return all;
}

/** How many of the list from `low` on come before the key, by halving. */
function placeOf(key: string, list: readonly Entry[], low: number): number {
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
