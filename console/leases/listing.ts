import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { inSlices } from '../slices.js';
import { troubleFrom } from '../words.js';
import { orderOf } from './order.js';
import type { Sorting } from './order.js';
import { sortedList } from './sorted-list.js';
import { turns } from './turns.js';
import { isListed, turnsOf } from './view.js';
import type { View } from './view.js';

/** What is held: leases, and the tasks that they are for. */
export interface Held {
  readonly leases: ReadonlyMap<string, LeaseShape>;
  readonly tasks: ReadonlyMap<string, TaskSummaryShape>;
}

/** What is listed of the leases that are held, in order. */
export interface Listed {
  readonly size: number;
  /** How many of them are in trouble. */
  readonly troubled: number;
  has(id: string): boolean;
  slice(from: number, count: number): LeaseShape[];
  ids(): string[];
}

/** Kept as leases change and time goes by; arranged anew in slices, while what was listed before stays. */
export interface Listing {
  listed(): Listed;
  /** The lease of this id was taken up, has changed, or is held no more. */
  put(id: string): void;
  /** Looks at what may have changed with the time alone; whether there was any. */
  tick(): Promise<boolean>;
  /** False when it was arranged otherwise before it was done. */
  arrange(view: View, sorting: Sorting): Promise<boolean>;
  close(): void;
}

export function openListing(held: Held, view: View, sorting: Sorting, clock: () => number): Listing {
  const closed = new AbortController();
  let arranging = new AbortController();
  let shown = shelf(held, view, sorting, clock);
  let next: Shelf | undefined;
  let { descending } = sorting;
  const both = (): Shelf[] => (next ? [shown, next] : [shown]);

  return {
    listed: () => listedOf(shown, descending),
    put: (id) => both().forEach((each) => each.put(id)),
    async tick() {
      const due = both().map((each) => ({ each, ids: each.due() }));
      for (const { each, ids } of due) await inSlices(ids, each.put, closed.signal);
      return due.some(({ ids }) => ids.length > 0);
    },
    async arrange(toView, toSorting) {
      arranging.abort();
      arranging = new AbortController();
      const { signal } = arranging;
      next = undefined;
      if (!shown.isFor(toView, toSorting)) {
        next = shelf(held, toView, toSorting, clock);
        if (!(await inSlices(held.leases.keys(), next.put, signal))) return false;
        [shown, next] = [next, undefined];
      }
      descending = toSorting.descending;
      return true;
    },
    close() {
      closed.abort();
      arranging.abort();
    },
  };
}

type Shelf = ReturnType<typeof shelf>;

/** The leases of one view in one order. */
function shelf(held: Held, view: View, { column }: Sorting, clock: () => number) {
  const order = orderOf(column, held.tasks);
  const list = sortedList((lease) => order(lease, clock()));
  const troubled = new Set<string>();
  const waiting = turns(clock());
  const put = (id: string): void => {
    const lease = held.leases.get(id);
    const now = clock();
    const isHere = lease && isListed(lease, held.tasks.get(lease.task), view, now);
    list.put(id, isHere ? lease : undefined);
    if (isHere && now > troubleFrom(lease)) troubled.add(id);
    else troubled.delete(id);
    if (lease) for (const at of turnsOf(lease, view)) if (at >= now) waiting.expect(id, at);
  };
  return {
    list,
    troubled,
    put,
    due: () => waiting.due(clock()),
    isFor: (otherView: View, other: Sorting) =>
      other.column === column && otherView.only === view.only && otherView.words === view.words,
  };
}

const listedOf = ({ list, troubled }: Shelf, descending: boolean): Listed => ({
  size: list.size,
  troubled: troubled.size,
  has: (id) => list.has(id),
  slice: (from, count) => list.slice(from, count, descending),
  ids: () => Array.from(list, ({ id }) => id),
});
