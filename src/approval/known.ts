import type { CatalogEntry } from '../policy/catalog.js';

/** What the broker knew, and had checked, when it asked. */
interface KnownFacts {
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string | number | boolean>>;
}

interface KnownWithTool extends KnownFacts {
  /** The task declared no tools, or the one that was named. */
  readonly toolDeclared: boolean;
}

export interface KnownOfEntry extends KnownWithTool {
  /** TTL that would have been granted then, in seconds, after every other bound. */
  readonly grantableSeconds: number;
  readonly sensitivity: string;
  readonly environment: string;
  readonly riskTier: number;
  readonly provider: string;
}

/** What the settings said of the tool; nothing where they did not know it. */
export interface KnownOfTool extends KnownWithTool {
  readonly kind?: string;
  readonly dataClass?: string;
}

/** What is meant by a name in the catalog. */
export type MeantByEntry = Pick<
  CatalogEntry,
  'name' | 'provider' | 'sensitivity' | 'environment' | 'riskTier'
>;

export interface KnownOfDelegation extends KnownFacts {
  /** What the inventory says of the agent that the sub-task is for; absent where it does not know it. */
  readonly delegate?: { readonly owner?: string; readonly purpose?: string };
  /** How many delegations would lead to it. */
  readonly depth: number;
  /** Of each entry of its scope. */
  readonly entries: readonly MeantByEntry[];
  /** Those of the tools and environments of its scope that the settings know. */
  readonly tools?: readonly string[];
  readonly environments?: readonly string[];
}
