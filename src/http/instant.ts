/** RFC 3339, as the wire has moments; `ms` since the epoch. */
export const instant = (ms: number): string => new Date(ms).toISOString();

export const instantIf = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : instant(ms);
