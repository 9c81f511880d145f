import type { ParameterValues } from '../policy/catalog.js';
import type { TaskScope } from '../task/scope.js';

/** The credential that was asked for: exactly this, and nothing beside it, is what a person answers. */
export interface AskedCredential {
  readonly entry: string;
  readonly parameters: ParameterValues;
  /** What was asked for, before any other bound. */
  readonly ttlSeconds: number;
  readonly tool?: string;
  readonly reason?: string;
  /** Of a break-glass request. */
  readonly ticket?: string;
}

/** The tool call that was announced, in the agent's words. */
export interface AskedStep {
  readonly tool: string;
  /** What it is to be called on. */
  readonly target?: string;
  /** What the agent says that it touches. */
  readonly dataClass?: string;
  readonly reason?: string;
}

/** The narrower task that another agent is to get. */
export interface AskedDelegation {
  /** Principal id of the agent that it is for. */
  readonly delegate: string;
  /** In the words of the agent that delegates. */
  readonly intent: string;
  /** What the sub-task would hold: what was asked for, with what the parent's scope says of all that was left open. */
  readonly scope: TaskScope;
  /** How long it is to last from when it is delegated; or else until when. */
  readonly deadlineInSeconds?: number;
  readonly deadlineAt?: number;
}
