import { signal } from '@preact/signals';
import type { leasePage, LeaseShape } from '../../src/wire/lease.js';
import type { LiveChangesShape } from '../../src/wire/live.js';
import type { Shape } from '../../src/wire/shape.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { pages } from '../api.js';
import { paused } from '../live.js';
import { now } from '../time.js';
import { isOver, shortAgent, troubleOf } from '../words.js';
import { sortedList } from './sorted-list.js';
import { apiQuery, belongs } from './view.js';
import type { View } from './view.js';

type LeasePage = Shape<typeof leasePage>;

export type Column = 'state' | 'agent' | 'task' | 'credential' | 'ends' | 'began';

/** So many are loaded by themselves; more by asking, a part at a time. */
const atFirst = 10_000;
const pageSize = 500;
const reorderMs = 10_000;

/** The leases of one view, kept as they change. */
export interface Book {
  readonly rows: { readonly value: readonly LeaseShape[] };
  readonly tasks: ReadonlyMap<string, TaskSummaryShape>;
  readonly busy: { readonly value: boolean };
  readonly fault: { readonly value: unknown };
  /** There is more than has been loaded. */
  readonly more: { readonly value: boolean };
  load(): Promise<void>;
  loadMore(): Promise<void>;
  apply(changes: LiveChangesShape): void;
  sort(column: Column, descending: boolean): void;
  find(id: string): LeaseShape | undefined;
  close(): void;
}

export function openBook(view: View, column: Column, descending: boolean): Book {
  const leases = new Map<string, LeaseShape>();
  const tasks = new Map<string, TaskSummaryShape>();
  const rows = signal<readonly LeaseShape[]>([]);
  const [busy, more] = [signal(false), signal(false)];
  const fault = signal<unknown>(undefined);
  let order = orderOf(column, tasks);
  const list = sortedList((lease) => order(lease, now.peek()));
  let next: string | undefined;
  let stop = new AbortController();
  let frame = 0;
  let met = new Set<string>();

  const show = () => {
    frame = 0;
    const sorted = list.sorted();
    rows.value = descending ? sorted.toReversed() : sorted;
  };
  /** Once for whatever comes in before the next frame. */
  const showSoon = () => void (frame ||= requestAnimationFrame(show));

  // With the time some come to be in trouble.
  const timer = setInterval(() => {
    if (paused.peek()) return;
    list.reorder();
    showSoon();
  }, reorderMs);

  const take = (lease: LeaseShape) => {
    if (belongs(lease, tasks.get(lease.task), view, now.peek())) leases.set(lease.id, lease);
    else leases.delete(lease.id);
    list.put(lease.id, leases.get(lease.id));
  };

  async function loadPages(token: string | undefined, most: number): Promise<void> {
    const signal = stop.signal;
    let looked = 0;
    busy.value = true;
    try {
      const query = `/v1/leases?${apiQuery(view)}&page_size=${pageSize}&with_tasks=true`;
      next = await pages<LeasePage>(
        token === undefined ? query : `${query}&page_token=${encodeURIComponent(token)}`,
        (page) => {
          for (const [id, task] of Object.entries(page.tasks ?? {})) tasks.set(id, task);
          for (const lease of page.items) {
            met.add(lease.id);
            take(lease);
          }
          looked += page.items.length;
          showSoon();
          const last = page.items.at(-1);
          // Those that are over come after all that are not.
          if (view.only === 'live' && last && isOver(last)) return false;
          return looked < most;
        },
        { signal },
      );
      const wentPast = view.only === 'live' && looked < most;
      more.value = next !== undefined && !wentPast;
      fault.value = undefined;
    } catch (error) {
      if (!signal.aborted) fault.value = error;
    } finally {
      if (!signal.aborted) busy.value = false;
    }
  }

  return {
    rows,
    tasks,
    busy,
    fault,
    more,
    async load() {
      stop.abort();
      stop = new AbortController();
      const before = [...leases.keys()];
      met = new Set();
      await loadPages(undefined, atFirst);
      if (fault.peek() !== undefined || more.peek()) return;
      // What was listed before and was not met again is gone.
      for (const id of before)
        if (!met.has(id)) {
          leases.delete(id);
          list.put(id, undefined);
        }
      showSoon();
    },
    loadMore: () => loadPages(next, atFirst),
    apply({ leases: changed, tasks: theirs }) {
      if (changed.length === 0) return;
      for (const [id, task] of Object.entries(theirs)) tasks.set(id, task);
      for (const lease of changed) take(lease);
      showSoon();
    },
    sort(by, downwards) {
      descending = downwards;
      order = orderOf(by, tasks);
      list.reorder();
      showSoon();
    },
    find: (id) => leases.get(id),
    close() {
      stop.abort();
      cancelAnimationFrame(frame);
      clearInterval(timer);
    },
  };
}

type Order = (lease: LeaseShape, now: number) => string;

const stateRank: Record<LeaseShape['state'], number> = {
  stuck: 0,
  revoking: 2,
  active: 3,
  reserved: 4,
  revoked: 5,
  expired: 6,
};

/** What to sort by, as text. Unless told otherwise what is in trouble comes first, then what ends soonest. */
function orderOf(column: Column, tasks: ReadonlyMap<string, TaskSummaryShape>): Order {
  switch (column) {
    case 'agent':
      return (lease) => `${shortAgent(lease.agent)} ${lease.expiresAt}`;
    case 'task':
      return (lease) => `${tasks.get(lease.task)?.intent ?? ''} ${lease.task}`;
    case 'credential':
      return (lease) => `${lease.credential} ${lease.expiresAt}`;
    case 'began':
      return (lease) => lease.reservedAt;
    case 'ends':
      return (lease) => lease.expiresAt;
    case 'state':
      return (lease, now) =>
        `${troubleOf(lease, now) === undefined ? stateRank[lease.state] : lease.state === 'stuck' ? 0 : 1} ${lease.expiresAt}`;
  }
}
