/** `aws:TokenIssueTime` has whole seconds, and issue times are computed: within this of the cut, names decide. */
export const skewSeconds = 2;

/** One lease of a role. Times are whole seconds since the epoch, on the clock of AWS. */
export interface Row {
  /** The marks that the session name ends with. */
  readonly task: string;
  readonly lease: string;
  /** May be used; what is not live is dead. */
  readonly live: boolean;
  /** The earliest and the latest second at which a session of this name can have been issued. */
  readonly issuedFrom: number;
  readonly issuedUntil: number;
  /** The latest end of such a session by itself. */
  readonly expiresAt: number;
  /** Whether its task can have no further lease. */
  readonly taskClosed: boolean;
  /** Whether a lease of its task ever ended, among these rows or forgotten since. */
  readonly taskSpoiled: boolean;
}

/** A name that covers rows, and the earliest or latest issue time among them. */
export interface Cover {
  readonly live: readonly { readonly name: string; readonly from: number }[];
  readonly dead: readonly { readonly name: string; readonly until: number }[];
}

/**
 * The fewest names for the rows. A wildcard over a task keeps only where no lease of the task ever ended, since a
 * credential may outlive its lease (a console session does); and denies only where no further lease can come.
 *
 * A dead row is needed for as long as the cut may still lie before its issue time: longer than the session lives.
 */
export function coverOf(rows: readonly Row[], nowSeconds: number, longestSeconds: number): Cover {
  const isLive = (row: Row) => row.live && row.expiresAt + skewSeconds > nowSeconds;
  const isNeeded = (row: Row) => row.issuedUntil + longestSeconds + 2 * skewSeconds + 1 >= nowSeconds;
  const live = rows.filter(isLive);
  const dead = rows.filter((row) => !isLive(row) && isNeeded(row));
  const spoiled = new Set(rows.filter((row) => row.taskSpoiled || !isLive(row)).map(({ task }) => task));
  const alive = new Set(live.map(({ task }) => task));
  const open = new Set(rows.filter((row) => !row.taskClosed).map(({ task }) => task));

  const kept = named(live, ({ task }) => !spoiled.has(task));
  const denied = named(dead, ({ task }) => !alive.has(task) && !open.has(task));
  return {
    live: [...kept].map(([name, of]) => ({ name, from: Math.min(...of.map((row) => row.issuedFrom)) })),
    dead: [...denied].map(([name, of]) => ({ name, until: Math.max(...of.map((row) => row.issuedUntil)) })),
  };
}

function named(rows: readonly Row[], byTask: (row: Row) => boolean): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = byTask(row) ? `${row.task}.*` : `${row.task}.${row.lease}`;
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return groups;
}
