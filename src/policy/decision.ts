import type { Principal } from '../identity/principal.js';
import type { Tool } from '../task/chain.js';
import type { Task } from '../task/task.js';
import type { CatalogEntry, ParameterValues } from './catalog.js';
import type { Permit } from './permit.js';

/** What policy is asked: all of it verified by the broker but `asserted`, which only the agent says. */
export interface Question {
  readonly principal: Principal;
  /** With its tool chain as it is before what is asked. */
  readonly task: Task;
  /** What a credential is asked of; absent for a step. */
  readonly entry?: CatalogEntry;
  readonly parameters?: ParameterValues;
  /**
   * The TTL that would be granted, in seconds, after every other bound. For a renewal the whole life of the lease, from
   * its reservation on: what policy says of a length cannot be got round by asking for it piece by piece.
   */
  readonly ttlSeconds?: number;
  /** Which renewal of its lease is asked for: 1 for the first; absent, or 0, when a credential is. */
  readonly renewals?: number;
  /** Of the agent, as someone trusted says: 0 none, 1 low, 2 medium, 3 high; absent is none. */
  readonly risk?: number;
  readonly tool?: string;
  /** The agent that the task is to be delegated to, where that is asked; absent otherwise. */
  readonly delegate?: string;
  /** How far the task, or the one to be delegated, is from its root. */
  readonly depth?: number;
  /** What the settings say of the tool, where they know it. */
  readonly toolFacts?: Tool;
  /** Whether the credential is bound to a permitted step of the task. */
  readonly ofStep?: boolean;
  /** The secret would be encrypted to a key of the agent. */
  readonly encrypted?: boolean;
  /** Which kind of request for a credential it is; `issue` when absent. */
  readonly action?: 'issue' | 'breakGlass';
  /** The persons that policy asked for have approved exactly this. */
  readonly approved?: true;
  readonly asserted: { readonly reason?: string; readonly dataClass?: string };
}

/** A request for a credential, or for a renewal of one. */
export interface Ask extends Question {
  readonly entry: CatalogEntry;
  readonly parameters: ParameterValues;
  readonly ttlSeconds: number;
}

/** Ids of the policies that decided, never empty for a permit. */
export type Because = readonly string[];

/** A duty that a permit comes with: who does not know it, or cannot do it, does not act on the permit. */
export interface Obligation {
  /** The policy that demands it. */
  readonly policy: string;
  readonly duty: string;
}

/** What a policy, or several together, demand of the persons whom they ask. */
export interface Demanded {
  /** Roles, of which whoever counts has one. */
  readonly approvers: readonly string[];
  /** How many different persons have to approve. */
  readonly persons: number;
}

export type Decision =
  | {
      readonly is: 'permit';
      readonly permit: Permit;
      readonly because: Because;
      /** Absent for none. */
      readonly obligations?: readonly Obligation[];
    }
  | {
      readonly is: 'ask';
      /** Roles, of which an approver has one. */
      readonly approvers: readonly string[];
      /** How many different persons have to approve, as far as policy says; 1 when absent. */
      readonly persons?: number;
      /** Where several ask: what each demands. All of it has to be met, so that no question makes another easier. */
      readonly each?: readonly Demanded[];
      readonly because: Because;
    }
  | {
      readonly is: 'deny';
      readonly because: Because;
      readonly errors: readonly string[];
      /** No policy would permit it if nothing forbade it, or persons approved it; absent where one would, or may. */
      readonly unpermitted?: true;
      /** A token issued after the last step of the task would lift what stands against it. */
      readonly needsFreshProof?: true;
    };

/** A loaded, validated policy bundle. `decide` never throws: what cannot be decided is denied with its errors. */
export interface Policy {
  /** SHA-256 over the bundle (policies, schema, catalog), hex; changes exactly when a decision could. */
  readonly digest: string;
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  /** What the settings say of each tool. */
  readonly tools?: ReadonlyMap<string, Tool> | undefined;
  decide(question: Question): Decision;
}
