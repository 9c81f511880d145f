import type { Attempt } from './authorize.js';
import type { Caller } from './caller.js';
import type { World } from './world.js';

/** One authenticated call, with all that a service needs to answer it. */
export interface Call {
  readonly caller: Caller;
  readonly world: World;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Throws AccessDenied unless the policies in force allow it. */
  readonly authorize: (attempt: Attempt) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}
