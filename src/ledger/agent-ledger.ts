import type { RiskSignal } from '../identity/risk.js';
import type { ToolChain } from '../task/chain.js';

/** Whose token an agent came with, and whose agent it is: '' where that is not known. Blocks look there. */
export interface SeenAs {
  readonly issuer: string;
  readonly owner: string;
  /** When its token was issued, ms epoch. */
  readonly provedAt: number;
}

/** What the store knows of an agent by its requests. */
export interface SeenAgent {
  readonly id: string;
  readonly issuer: string;
  /** Whose it was when it last asked, or has become since; '' where that is not known. */
  readonly owner: string;
  readonly lastSeenAt: number;
  readonly liveLeases: number;
}

/** What the token of a task's agent proved beside its name, as it last did. */
export interface ProvenFacts {
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string | number | boolean>>;
  readonly boundTo?: string;
  readonly provedBy?: string;
}

/** What changes of a task while it is open: what its agent last proved, and the chain of its tools. */
export interface Lately {
  readonly proven: ProvenFacts;
  readonly chain?: ToolChain;
}

/** Agents as they have shown themselves; the settings know them besides. */
export interface AgentLedger {
  /** Every id that ever asked for a credential. */
  ids(): Promise<readonly string[]>;
  /** In the order asked for; undefined for who never asked for a credential. */
  find(ids: readonly string[]): Promise<readonly (SeenAgent | undefined)[]>;
  /** From now on blocks of this owner stand against them, whoever they were of when they last asked. */
  own(ids: readonly string[], owner: string): Promise<void>;
  /** The same for every agent that ever asked, where it is another's by now. Returns how many. */
  ownAll(ownerOf: (agent: string) => string): Promise<number>;
  /** By task, as it stands now. */
  lately(tasks: readonly { readonly id: string; readonly agent: string }[]): Promise<readonly Lately[]>;
  /** Grows whenever a signal, or the end of a session, is written. */
  risksVersion(): Promise<number>;
  /** By agent: until when (ms epoch) the tokens were issued that prove nothing any more. */
  endedProofs(): Promise<ReadonlyMap<string, number>>;
  /** By agent: what an operator says of it, and what each stream of signals does. */
  risks(): Promise<ReadonlyMap<string, readonly RiskSignal[]>>;
}
