import type { Decided } from '../audit/event.js';
import type { NewTask, Task } from '../task/task.js';
import type { SeenAs } from './agent-ledger.js';
import type { Idempotency } from './ledger.js';

/** What has to hold when a sub-task is opened. */
export interface DelegationConditions {
  /** The first task of the tree, the most sub-tasks of one task, and the most of the tree. */
  readonly root: string;
  readonly fanOut: number;
  readonly tree: number;
  /** Id of an event that the store must still hold: one that has gone back permits nothing. */
  readonly mustHold?: string | undefined;
  /** What it is permitted by, and how many steps the chain had when that was looked at. */
  readonly approval?: { readonly id: string; readonly digest: string; readonly on: number } | undefined;
}

/** What the key was answered with before: a person was asked. */
export interface AskedBefore {
  readonly approval: string;
}

/** Tasks below others. */
export interface DelegationLedger {
  /**
   * Opens it in one step with the fence of its parent (I4), with its audit event, and uses the approval that it was
   * permitted by. A repeated key returns what it was answered with; undefined when the id is taken: try another. Throws
   * ChainMoved when the tree has another chain than the approval was looked at on: decide again. Throws task.ended,
   * task.unknown, delegation.wider, delegation.fan_out, issuing.blocked, agent.disabled, idempotency.reused, and
   * approval.* for why the approval is not good.
   */
  open(
    task: NewTask,
    decided: Decided,
    conditions: DelegationConditions,
    asking: SeenAs,
    idempotency?: Idempotency,
  ): Promise<Task | AskedBefore | undefined>;
  /**
   * Whether it would be opened: throws what `open` would, and returns what the key was answered with before. Nothing is held
   * for it.
   */
  look(
    task: Pick<NewTask, 'agent' | 'parent' | 'actors' | 'deadlineAt'>,
    conditions: DelegationConditions,
    asking: SeenAs,
    idempotency?: Idempotency,
  ): Promise<Task | AskedBefore | undefined>;
}
