/** A record as the API gives it. Its event may be of a newer version: nothing is taken for granted but its type. */
export interface ToldRecord {
  readonly chain: string;
  readonly seq: number;
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly event: ToldEvent;
  readonly previous: string;
  readonly hash: string;
}

export interface ToldEvent {
  readonly type: string;
  readonly [name: string]: unknown;
}

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

/** The event that the record has, and what of it names things. */
export const namesIn = ({ event }: ToldRecord) => ({
  lease: textOf(event['lease']),
  task: textOf(event['task']),
  agent: textOf(event['agent']),
  by: textOf(event['by']),
  entry: textOf(membersOf(event['asked'])['entry']),
  fault: textOf(event['fault']),
});
