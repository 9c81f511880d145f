/** Whose delegation led to a task, as it was proved when it delegated. */
export interface Actor {
  readonly id: string;
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string | number | boolean>>;
}

type Value = string | number | boolean | readonly string[];

/** One catalog entry that a sub-task may ask for, and what of it. */
export interface AllowedEntry {
  readonly credential: string;
  /** Each value is within its limit: a path below it, a set out of it, anything else the same. */
  readonly limits: Readonly<Record<string, Value>>;
}

/** The most that a sub-task can hold. It is fixed when the task is delegated, and no wider than that of its parent. */
export interface TaskScope {
  readonly allowed: readonly AllowedEntry[];
  /** Absent is any that the parent could use, and then the parent had no bound either; as is so below. */
  readonly tools?: readonly string[];
  readonly environments?: readonly string[];
  readonly maximumTtlSeconds?: number;
}

/** RFC 8693 section 4.1: the actor of now, and within it those before. */
export interface Act {
  readonly sub: string;
  readonly act?: Act;
}

/** The chain of a task as nested `act` claims: its own agent outermost, the agent of the root innermost. */
export const actOf = (agent: string, actors: readonly Actor[]): Act =>
  [agent, ...actors.map(({ id }) => id)].reduceRight<Act | undefined>(
    (inner, sub) => (inner ? { sub, act: inner } : { sub }),
    undefined,
  )!;
