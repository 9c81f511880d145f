import type { ToolChain } from './chain.js';
import type { Actor, TaskScope } from './scope.js';

export type TaskOutcome = 'completed' | 'failed' | 'cancelled';

/** For what: the unit that credentials are issued for and end with. Intent never changes after opening. */
export interface Task {
  readonly id: string;
  readonly intent: string;
  /** Principal id of the agent that may ask for credentials. */
  readonly agent: string;
  /** Principal id of who opened it: the agent itself or an orchestrator. */
  readonly openedBy: string;
  readonly onBehalfOf?: string;
  /** What its orchestrator calls the run it belongs to: a webhook that knows no task id ends every task of the run. */
  readonly run?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Tools the task declared; an undeclared tool is refused when the list is there. */
  readonly tools?: readonly string[];
  /** The task it was delegated from, and the first of them all. */
  readonly parent?: string;
  readonly root?: string;
  /** Whose delegation led to it: who delegated it first, the agent of the root last. Absent for a root. */
  readonly actors?: readonly Actor[];
  /** The most it can hold; absent for a root. */
  readonly scope?: TaskScope;
  /** Ids of the tasks delegated from it, as they were when it was read. */
  readonly subtasks?: readonly string[];
  /** Milliseconds since the epoch, as are all `...At`. */
  readonly openedAt: number;
  readonly deadlineAt: number;
  /** `lapsed`: nobody ended it, but its deadline has passed. */
  readonly state: 'open' | 'ended' | 'lapsed';
  readonly endedAt?: number;
  readonly endedBy?: string;
  readonly outcome?: TaskOutcome;
  /** The steps so far of all tasks of its tree, as they were when the task was read; absent before the first. */
  readonly chain?: ToolChain;
}

/** What the caller decides about a task; the store adds the time and the state. */
export type NewTask = Omit<
  Task,
  'openedAt' | 'state' | 'endedAt' | 'endedBy' | 'outcome' | 'chain' | 'subtasks'
>;
