import type { Act, TaskScope } from '../task/scope.js';
import type { Decided, OfTask, Proven } from './event.js';

/** What can come of a delegation. */
export type DelegationEvent =
  | (OfTask &
      Proven & {
        readonly type: 'task.delegated';
        readonly parent: string;
        readonly by: string;
        readonly intent: string;
        /** Whose delegation led here, who delegated it first; and the same as nested claims (RFC 8693 section 4.1). */
        readonly actors: readonly string[];
        readonly act: Act;
        readonly scope?: TaskScope;
        readonly deadlineAt: number;
        readonly decided: Decided;
        /** The approval that it was permitted by. */
        readonly approval?: string;
      })
  | (OfTask &
      Proven & {
        /** `task` is the one that the caller named, and `agent` the caller. */
        readonly type: 'delegation.refused';
        /** Of that task. */
        readonly intent?: string;
        readonly delegate: string;
        /** What the agent says that the sub-task would be for, and what it asked for. */
        readonly asserted: {
          readonly intent: string;
          readonly scope?: TaskScope;
          /** In the place of a scope of more than two thousand characters, as JSON. */
          readonly scopeSha256?: string;
          readonly scopeLength?: number;
        };
        readonly decided?: Decided;
        readonly approval?: string;
        readonly fault: string;
      });
