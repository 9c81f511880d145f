import type { LeaseShape } from '../../src/wire/lease.js';

interface Entry {
  readonly key: string;
  readonly lease: LeaseShape;
}

/** Leases in the order of their keys. A change finds its place by halving, and moves a block of the others at most. */
export interface SortedList {
  readonly size: number;
  has(id: string): boolean;
  /** The lease as it is now, at the place that its key now has; undefined takes it out. */
  put(id: string, lease: LeaseShape | undefined): void;
  /** So many from this place on, counted from the end when backwards. */
  slice(from: number, count: number, backwards?: boolean): LeaseShape[];
  [Symbol.iterator](): Iterator<LeaseShape>;
}

/** @param mostInBlock entries that are kept together; a block that outgrows it is halved */
export function sortedList(keyOf: (lease: LeaseShape) => string, mostInBlock = 512): SortedList {
  /** In order, as are the entries of each; none is empty. */
  const blocks: Entry[][] = [];
  const keys = new Map<string, string>();

  function remove(key: string): void {
    const place = blockOf(key, blocks);
    const block = blocks[place]!;
    block.splice(placeOf(key, block), 1);
    if (block.length === 0) blocks.splice(place, 1);
  }

  function insert(entry: Entry): void {
    if (blocks.length === 0) return void blocks.push([entry]);
    const place = Math.min(blockOf(entry.key, blocks), blocks.length - 1);
    const block = blocks[place]!;
    block.splice(placeOf(entry.key, block), 0, entry);
    if (block.length > mostInBlock) blocks.splice(place + 1, 0, block.splice(block.length >> 1));
  }

  function slice(from: number, count: number): LeaseShape[] {
    const found: LeaseShape[] = [];
    let before = 0;
    for (const block of blocks) {
      const first = Math.max(0, from + found.length - before);
      for (let i = first; i < block.length && found.length < count; i++) found.push(block[i]!.lease);
      if (found.length >= count) break;
      before += block.length;
    }
    return found;
  }

  return {
    get size() {
      return keys.size;
    },
    has: (id) => keys.has(id),

    put(id, lease) {
      const was = keys.get(id);
      if (was !== undefined) remove(was);
      if (!lease) return void keys.delete(id);
      const key = `${keyOf(lease)} ${id}`;
      keys.set(id, key);
      insert({ key, lease });
    },

    slice(from, count, backwards = false) {
      if (!backwards) return slice(from, count);
      const first = Math.max(0, keys.size - from - count);
      return slice(first, keys.size - from - first).toReversed();
    },

    *[Symbol.iterator]() {
      for (const block of blocks) for (const { lease } of block) yield lease;
    },
  };
}

/** How many come before the key, in a list that is in order. */
function placeOf(key: string, block: readonly Entry[]): number {
  return countBefore(block.length, (i) => block[i]!.key < key);
}

/** The block that holds the key, or would: the first that does not end before it. */
function blockOf(key: string, blocks: readonly (readonly Entry[])[]): number {
  return countBefore(blocks.length, (i) => blocks[i]!.at(-1)!.key < key);
}

/** Of so many, of which those that are before come first. */
function countBefore(count: number, isBefore: (place: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
