/** One tool call inside a task, as it was announced and decided. */
export interface Step {
  readonly id: string;
  readonly taskId: string;
  readonly agent: string;
  readonly tool: string;
  /** What the settings say of the tool; absent where they say nothing. */
  readonly kind?: string;
  readonly dataClass?: string;
  readonly decision: 'permit' | 'ask' | 'deny';
  readonly because: readonly string[];
  /** Code of the fault that stands against it, unless it is permitted. */
  readonly fault?: string;
  /** Why nobody is asked, in words: what a person has said of the same call. */
  readonly detail?: string;
  readonly approvers?: readonly string[];
  /** The approval that was asked for it, or that it was permitted by. */
  readonly approval?: string;
  /** What whoever makes the call has to do besides, each with the policy that demands it. */
  readonly obligations?: readonly { readonly policy: string; readonly duty: string }[];
  /** Milliseconds since the epoch. */
  readonly decidedAt: number;
}

/** What is decided about a step; the store adds the time. */
export type NewStep = Omit<Step, 'decidedAt'>;
