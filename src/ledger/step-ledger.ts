import type { AuditEvent } from '../audit/event.js';
import type { ToolChain } from '../task/chain.js';
import type { NewStep, Step } from '../task/step.js';
import type { SeenAs } from './agent-ledger.js';
import type { Idempotency } from './ledger.js';
import type { Turns } from './turns.js';

export interface SteppedTask {
  readonly id: string;
  readonly count: number;
}

/** What has to be as it was when the step was decided. */
export interface StepConditions {
  /** How many steps the chain had. */
  readonly on: number;
  /** The chain with it, where it is permitted. */
  readonly after?: ToolChain | undefined;
  /** The most steps of a task. */
  readonly most: number;
  /** What it is permitted by. */
  readonly approval?: { readonly id: string; readonly digest: string } | undefined;
  /** Id of an event that the store must still hold: one that has gone back permits nothing. */
  readonly mustHold?: string | undefined;
}

/** Steps. What is recorded here is decided on a chain, and holds only while the task still has that chain. */
export interface StepLedger {
  /**
   * Durable with its audit event, in one atomic step with the fence of its task (I4). A permitted step makes the chain
   * `after`, and uses the approval that it was permitted by. Throws ChainMoved when the task has another chain than `on` by now: decide again. A repeated key returns the
   * step that it recorded; throws task.unknown, task.ended, task.steps, issuing.blocked,
   * agent.disabled, idempotency.reused, and approval.* for why the approval is not good.
   */
  record(
    step: NewStep,
    event: AuditEvent & { type: 'step.decided' },
    conditions: StepConditions,
    asking: SeenAs,
    idempotency?: Idempotency,
  ): Promise<Step>;
  /**
   * Whether the agent's step would be recorded: throws what `record` would, and returns what the key has recorded before.
   * Nothing is held for it.
   */
  look(
    of: Pick<Step, 'taskId' | 'agent'>,
    conditions: StepConditions,
    asking: SeenAs,
    idempotency?: Idempotency,
  ): Promise<Step | undefined>;
  /** Steps of one tree of tasks that come at once to one process go one after the other: each is decided on the one before. */
  readonly inTurn: Turns;
  /** The latest steps of a task, the last one at the end. */
  list(taskId: string, most: number): Promise<readonly Step[]>;
  /**
   * Roots of trees whose chain has grown while there were leases, with its count: those are to be judged again. First
   * those that have waited longest.
   */
  stepped(most: number): Promise<readonly SteppedTask[]>;
  /** They were, on the chain of this count; a step since then keeps the task among the stepped, behind the others. */
  looked(task: SteppedTask): Promise<void>;
}

/** The tool chain of the task is not the one that was decided on: whoever decided has to decide again. */
export class ChainMoved extends Error {
  /** The tasks of a tree have one chain. */
  readonly rootId: string;

  constructor(rootId: string) {
    super('the tool chain of the task has moved');
    this.name = 'ChainMoved';
    this.rootId = rootId;
  }
}
