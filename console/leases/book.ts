import { signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import type { leasePage, LeaseShape } from '../../src/wire/lease.js';
import type { LiveChangesShape } from '../../src/wire/live.js';
import type { Shape } from '../../src/wire/shape.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { get } from '../api.js';
import { paused } from '../live.js';
import { inSlices } from '../slices.js';
import { now } from '../time.js';
import { isOver } from '../words.js';
import { openListing } from './listing.js';
import type { Listed } from './listing.js';
import type { Sorting } from './order.js';
import { isAskedFor, queriesOf } from './view.js';
import type { View } from './view.js';

type LeasePage = Shape<typeof leasePage>;

/** So many are loaded by themselves, and again whenever more is asked for. */
export const mostAtOnce = 100_000;
const pageSize = 500;

/** The leases that the API was asked for, kept as they change, and those of them that are listed. */
export interface Book {
  /** Another value, at most once a frame, whenever what is listed has changed. */
  readonly listed: ReadonlySignal<Listed>;
  readonly tasks: ReadonlyMap<string, TaskSummaryShape>;
  readonly busy: ReadonlySignal<boolean>;
  readonly fault: ReadonlySignal<unknown>;
  /** There is more than has been loaded. */
  readonly more: ReadonlySignal<boolean>;
  load(): Promise<void>;
  loadMore(): Promise<void>;
  apply(changes: LiveChangesShape): void;
  /** The same leases, others of them or in another order: nothing is loaded for it. */
  arrange(view: View, sorting: Sorting): Promise<void>;
  find(id: string): LeaseShape | undefined;
  close(): void;
}

export function openBook(view: View, sorting: Sorting): Book {
  const paths = queriesOf(view).map((query) => `/v1/leases?${query}&page_size=${pageSize}&with_tasks=true`);
  const leases = new Map<string, LeaseShape>();
  const tasks = new Map<string, TaskSummaryShape>();
  const listing = openListing({ leases, tasks }, view, sorting, () => now.peek());
  const listed = signal(listing.listed());
  const [busy, more] = [signal(false), signal(false)];
  const fault = signal<unknown>(undefined);
  let stop = new AbortController();
  /** Pages that are still to be asked for. */
  let left: readonly string[] = [];
  let met = new Set<string>();
  /** Told of by the feed since the page was asked for that is under way: what the page says of them may be older. */
  const told = new Set<string>();

  let frame = 0;
  const showSoon = () =>
    void (frame ||= requestAnimationFrame(() => {
      frame = 0;
      listed.value = listing.listed();
    }));
  const quiet = now.subscribe(() => {
    if (!paused.peek()) void listing.tick().then((any) => any && showSoon());
  });

  const take = (lease: LeaseShape) => {
    if (isAskedFor(lease, view)) leases.set(lease.id, lease);
    else leases.delete(lease.id);
    listing.put(lease.id);
  };
  const drop = (id: string) => {
    leases.delete(id);
    listing.put(id);
  };

  async function loadPage(path: string, signal: AbortSignal): Promise<number> {
    told.clear();
    const page = await get<LeasePage>(path, { signal });
    for (const [id, task] of Object.entries(page.tasks ?? {})) tasks.set(id, task);
    for (const lease of page.items) {
      met.add(lease.id);
      if (!told.has(lease.id)) take(lease);
    }
    const last = page.items.at(-1);
    // Those that are over come after all that are not.
    const isEnd = page.next_page_token === undefined || (view.only !== 'over' && last && isOver(last));
    const bare = path.replace(/&page_token=.*/, '');
    left = left.slice(1);
    if (!isEnd) left = [`${bare}&page_token=${encodeURIComponent(page.next_page_token!)}`, ...left];
    showSoon();
    return page.items.length;
  }

  async function loadMore(): Promise<void> {
    const { signal } = stop;
    busy.value = true;
    try {
      for (let looked = 0; left.length > 0 && looked < mostAtOnce;)
        looked += await loadPage(left[0]!, signal);
      more.value = left.length > 0;
      fault.value = undefined;
    } catch (error) {
      if (!signal.aborted) fault.value = error;
    } finally {
      if (!signal.aborted) busy.value = false;
    }
  }

  return {
    listed,
    tasks,
    busy,
    fault,
    more,
    async load() {
      stop.abort();
      stop = new AbortController();
      const { signal } = stop;
      const before = [...leases.keys()];
      met = new Set();
      left = paths;
      await loadMore();
      if (signal.aborted || fault.peek() !== undefined || more.peek()) return;
      // What was held before and was not met again is gone.
      await inSlices(before, (id) => met.has(id) || drop(id), signal);
      showSoon();
    },
    loadMore,
    apply({ leases: changed, tasks: theirs }) {
      if (changed.length === 0) return;
      for (const [id, task] of Object.entries(theirs)) tasks.set(id, task);
      for (const lease of changed) {
        told.add(lease.id);
        met.add(lease.id);
        take(lease);
      }
      showSoon();
    },
    async arrange(toView, toSorting) {
      if (await listing.arrange(toView, toSorting)) showSoon();
    },
    find: (id) => leases.get(id),
    close() {
      stop.abort();
      listing.close();
      cancelAnimationFrame(frame);
      quiet();
    },
  };
}
