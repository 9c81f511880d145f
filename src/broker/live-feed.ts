import type { Lease } from '../lease/lease.js';
import type { Told } from '../ledger/ledger.js';
import type { Task } from '../task/task.js';
import type { Ports } from './ports.js';

/** What has happened since the message before; the same for all who watch. */
export interface Changes {
  readonly is: 'changes';
  /** Id of the last event in it: where a watcher that was away goes on. */
  readonly id: string;
  readonly at: number;
  /** Empty when there were too many to tell singly; `counts` has them all. */
  readonly events: readonly Told[];
  readonly counts: Readonly<Record<string, number>>;
  /** Each lease that changed, as it is now; and the tasks of these. */
  readonly leases: readonly Lease[];
  readonly tasks: readonly Task[];
}

/** More has happened than can be told: look at everything again. */
export interface Resync {
  readonly is: 'resync';
  readonly id: string;
}

/** The state store does not answer: what is shown may be old. */
export interface Stalled {
  readonly is: 'stalled';
}

export type LiveMessage = Changes | Resync | Stalled;
type Listener = (message: LiveMessage) => void;

export interface LiveFeed {
  /** From now on, or from behind the event `from`. The listener is not called before this returns. */
  watch(from: string | undefined, listener: Listener): Promise<Watching>;
}

export interface Watching {
  /** Where it begins: who goes away before anything has happened goes on from there. */
  readonly from: string;
  readonly close: () => void;
}

const everyMs = 250;
const eventsAtOnce = 200;
const leasesAtOnce = 1000;
const readAtOnce = 1000;
/** Further behind than this nobody is told event by event. */
const longestWay = 10_000;

/** One reader for all who watch, and none while nobody does. */
export function liveFeed({ ledger, log }: Pick<Ports, 'ledger' | 'log'>): LiveFeed {
  const listeners = new Set<Listener>();
  /** Changed, and not yet told of. */
  const changed = new Set<string>();
  let position = '';
  let timer: NodeJS.Timeout | undefined;
  let stalled = false;

  const tellAll = (message: LiveMessage) => {
    for (const listener of listeners) listener(message);
  };

  async function look(): Promise<void> {
    const told: Told[] = [];
    for (;;) {
      const some = await ledger.feed.after(position, readAtOnce);
      told.push(...some);
      position = some.at(-1)?.id ?? position;
      if (some.length < readAtOnce) break;
      if (told.length < longestWay) continue;
      position = await ledger.feed.latest();
      changed.clear();
      return tellAll({ is: 'resync', id: position });
    }
    for (const id of leasesOf(told)) changed.add(id);
    if (stalled) tellAll({ is: 'resync', id: position });
    stalled = false;
    if (told.length === 0 && changed.size === 0) return;
    const now = [...changed].slice(0, leasesAtOnce);
    for (const id of now) changed.delete(id);
    tellAll(await changesOf(told, now, position));
  }

  async function changesOf(told: readonly Told[], leaseIds: readonly string[], id: string): Promise<Changes> {
    const found = await Promise.all(leaseIds.map((each) => ledger.leases.find(each)));
    const leases = found.filter((lease) => lease !== undefined);
    const tasks = await tasksOf(ledger, leases);
    const counts: Record<string, number> = {};
    for (const { event } of told) counts[event.type] = (counts[event.type] ?? 0) + 1;
    const events = told.length > eventsAtOnce ? [] : told;
    return { is: 'changes', id, at: ledger.clock(), events, counts, leases, tasks };
  }

  const run = () => {
    timer = setTimeout(() => {
      look()
        .catch((error: unknown) => {
          if (!stalled) log.warn({ err: error }, 'the live feed cannot be read');
          stalled = true;
          tellAll({ is: 'stalled' });
        })
        .finally(() => {
          if (listeners.size > 0) run();
          else timer = undefined;
        });
    }, everyMs).unref();
  };

  return {
    async watch(from, listener) {
      if (listeners.size === 0 && timer === undefined) position = await ledger.feed.latest();
      const held: LiveMessage[] = [];
      let ready = false;
      const hear: Listener = (message) => void (ready ? listener(message) : held.push(message));
      listeners.add(hear);
      if (timer === undefined) run();
      const before = position;
      try {
        const missed = from === undefined ? [] : await ledger.feed.after(from, longestWay + 1);
        const until = missed.filter(({ id }) => !isLater(id, before));
        const ids = [...leasesOf(until)];
        if (until.length > longestWay || ids.length > leasesAtOnce)
          held.unshift({ is: 'resync', id: before });
        else if (until.length > 0) held.unshift(await changesOf(until, ids, before));
      } catch (error) {
        listeners.delete(hear);
        throw error;
      }
      setImmediate(() => {
        ready = true;
        for (const message of held) listener(message);
      });
      return { from: from ?? before, close: () => void listeners.delete(hear) };
    },
  };
}

const leasesOf = (told: readonly Told[]): Set<string> =>
  new Set(told.flatMap(({ event }) => ('lease' in event && event.lease ? [event.lease] : [])));

/** The tasks of these leases, each once. */
export async function tasksOf(ledger: Ports['ledger'], leases: readonly Lease[]): Promise<Task[]> {
  const ids = [...new Set(leases.map(({ taskId }) => taskId))];
  const tasks = await Promise.all(ids.map((id) => ledger.tasks.recall(id)));
  return tasks.filter((task) => task !== undefined);
}

function isLater(id: string, than: string): boolean {
  const [ms = 0, n = 0] = id.split('-').map(Number);
  const [thanMs = 0, thanN = 0] = than.split('-').map(Number);
  return ms === thanMs ? n > thanN : ms > thanMs;
}
