import { covers } from './grants.js';
import type { LeaseHistory } from './history.js';
import type { Granted, Use } from './use.js';

export interface EntryUsage {
  readonly entry: string;
  readonly agent: string;
  readonly leases: number;
  /** Leases with which nothing was done that the provider told. */
  readonly unusedLeases: number;
  readonly granted: readonly (Granted & { readonly used: number; readonly lastAt?: number })[];
  /** What was refused: asked for, and not granted. */
  readonly refused: readonly { readonly action: string; readonly times: number }[];
}

/** Use of a brokered role or token that no lease explains. */
export interface Unexplained {
  readonly why: 'no lease' | 'before it' | 'after it' | 'unknown session';
  readonly use: Use;
}

export interface UsageReport {
  readonly usage: readonly EntryUsage[];
  readonly unexplained: readonly Unexplained[];
  /** Calls that name only a task which had several entries: counted for none. */
  readonly undecided: number;
}

/** Clocks differ, and a provider needs a moment to believe a deny. */
const tolerance = 60_000;

/**
 * Holds what was granted against what was used. `brokered`: roles, as `<account>:<name>`, whose sessions only brokers make;
 * any other session of them is reported.
 */
export function usageReport(
  leases: ReadonlyMap<string, LeaseHistory>,
  uses: Iterable<Use>,
  grants: ReadonlyMap<string, readonly Granted[]>,
  brokered: ReadonlySet<string>,
): UsageReport {
  const rows = new Map<string, { leases: Set<string>; used: Set<string>; uses: Use[] }>();
  const rowOf = ({ entry, agent }: Pick<LeaseHistory, 'entry' | 'agent'>) => {
    const key = JSON.stringify([entry, agent]);
    const row = rows.get(key) ?? { leases: new Set(), used: new Set(), uses: [] };
    rows.set(key, row);
    return row;
  };
  const byTask = new Map<string, LeaseHistory[]>();
  for (const lease of leases.values()) {
    rowOf(lease).leases.add(lease.lease);
    byTask.set(lease.task, [...(byTask.get(lease.task) ?? []), lease]);
  }
  const unexplained: Unexplained[] = [];
  let undecided = 0;
  for (const use of uses) {
    const found = leasesOf(use, leases, byTask);
    const why = whyUnexplained(use, found, brokered);
    if (why) unexplained.push({ why, use });
    const entries = new Set(found.map(({ entry, agent }) => JSON.stringify([entry, agent])));
    if (entries.size > 1) undecided += 1;
    else if (found[0]) {
      rowOf(found[0]).uses.push(use);
      if (found.length === 1) rowOf(found[0]).used.add(found[0].lease);
    }
  }
  const usage = [...rows].map(([key, row]) => {
    const [entry, agent] = JSON.parse(key) as [string, string];
    return {
      entry,
      agent,
      leases: row.leases.size,
      unusedLeases: row.leases.size - row.used.size,
      ...countsOf(row.uses, grants.get(entry) ?? []),
    };
  });
  return { usage, unexplained, undecided };
}

function leasesOf(
  { lease, task }: Use,
  leases: ReadonlyMap<string, LeaseHistory>,
  byTask: ReadonlyMap<string, readonly LeaseHistory[]>,
): readonly LeaseHistory[] {
  const known = lease === undefined ? undefined : leases.get(lease);
  if (known || lease !== undefined) return known ? [known] : [];
  return task === undefined ? [] : (byTask.get(task) ?? []);
}

function whyUnexplained(
  use: Use,
  found: readonly LeaseHistory[],
  brokered: ReadonlySet<string>,
): Unexplained['why'] | undefined {
  const isNamed = use.lease !== undefined || use.task !== undefined;
  if (!isNamed) return use.of !== undefined && brokered.has(use.of) ? 'unknown session' : undefined;
  if (found.length === 0) return 'no lease';
  if (found.every(({ from }) => use.at < from - tolerance)) return 'before it';
  // What was refused after its end is revocation at work.
  const isAfter = found.every(({ until }) => until !== undefined && use.at > until + tolerance);
  return isAfter && !use.refused ? 'after it' : undefined;
}

function countsOf(
  uses: readonly Use[],
  granted: readonly Granted[],
): Pick<EntryUsage, 'granted' | 'refused'> {
  const allowed = uses.filter(({ refused }) => !refused);
  const refused = new Map<string, number>();
  for (const { action } of uses.filter((use) => use.refused))
    refused.set(action, (refused.get(action) ?? 0) + 1);
  return {
    granted: granted.map((each) => {
      const used = allowed.filter(
        ({ action, resource }) =>
          covers(each.action, action, true) && (resource === undefined || covers(each.resource, resource)),
      );
      const lastAt = used.reduce((latest, { at }) => Math.max(latest, at), 0);
      return { ...each, used: used.length, ...(used.length > 0 && { lastAt }) };
    }),
    refused: [...refused].map(([action, times]) => ({ action, times })),
  };
}
