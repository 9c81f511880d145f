import type { Principal } from '../identity/principal.js';
import type { Task } from '../task/task.js';
import type { CatalogEntry, ParameterValues } from './catalog.js';
import type { Permit } from './permit.js';

/** What policy is asked: all of it verified by the broker but `asserted`, which only the agent says. */
export interface Ask {
  readonly principal: Principal;
  readonly task: Task;
  readonly entry: CatalogEntry;
  readonly parameters: ParameterValues;
  /**
   * The TTL that would be granted, in seconds, after every other bound. For a renewal the whole life of the lease, from
   * its reservation on: what policy says of a length cannot be got round by asking for it piece by piece.
   */
  readonly ttlSeconds: number;
  /** Which renewal of its lease is asked for: 1 for the first; absent, or 0, when a credential is. */
  readonly renewals?: number;
  readonly tool?: string;
  /** Which kind of request it is; `issue` when absent. */
  readonly action?: 'issue' | 'breakGlass';
  /** The persons that policy asked for have approved exactly this. */
  readonly approved?: true;
  readonly asserted: { readonly reason?: string };
}

/** Ids of the policies that decided, never empty for a permit. */
export type Because = readonly string[];

export type Decision =
  | { readonly is: 'permit'; readonly permit: Permit; readonly because: Because }
  | {
      readonly is: 'ask';
      /** Roles, of which an approver has one. */
      readonly approvers: readonly string[];
      /** How many different persons have to approve, as far as policy says; 1 when absent. */
      readonly persons?: number;
      readonly because: Because;
    }
  | { readonly is: 'deny'; readonly because: Because; readonly errors: readonly string[] };

/** A loaded, validated policy bundle. `decide` never throws: what cannot be decided is denied with its errors. */
export interface Policy {
  /** SHA-256 over the bundle (policies, schema, catalog), hex; changes exactly when a decision could. */
  readonly digest: string;
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  decide(ask: Ask): Decision;
}
