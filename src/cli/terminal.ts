import type { Readable, Writable } from 'node:stream';

/** What a command has of the outside. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Data, and nothing else. */
  readonly out: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** What is said to a person. */
  readonly err: Writable & { readonly isTTY?: boolean };
  readonly input: Readable & { readonly isTTY?: boolean };
}

/** Wrong use of the command: exit code 2. */
export class UsageError extends Error {}
