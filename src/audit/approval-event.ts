import type { ApproverView } from '../approval/approver-view.js';
import type { AskedDelegation, AskedStep } from '../approval/asked.js';
import type { ParameterValues } from '../policy/catalog.js';
import type { AskedFor, Decided, OfTask, Proven } from './event.js';

/** What can happen to a question to a person, and to what is taken in an emergency. */
export type ApprovalEvent =
  | (OfTask &
      Proven & {
        /** A person is asked. `task` is '' where it is opened when it is granted: break-glass. */
        readonly type: 'approval.requested';
        readonly approval: string;
        readonly asked: AskedFor | AskedStep | AskedDelegation;
        readonly digest: string;
        readonly decided: Decided;
        readonly approvers: readonly string[];
        readonly persons: number;
      })
  | (OfTask & {
      readonly type: 'approval.decided';
      readonly approval: string;
      readonly by: string;
      readonly roles: readonly string[];
      readonly decision: 'approve' | 'deny';
      /** What it became by that: still pending where another person has to approve as well. */
      readonly state: 'pending' | 'approved' | 'denied';
      /** What stood before the person as checked when the answer came; what the agent says is in `approval.requested`. */
      readonly verified?: ApproverView['verified'];
      readonly reason?: string;
      /** Where the person gave less than was asked for. */
      readonly ttlSeconds?: number;
      readonly parameters?: ParameterValues;
    })
  | (OfTask & {
      readonly type: 'approval.cancelled' | 'approval.revoked';
      readonly approval: string;
      readonly by: string;
      /** Nobody took it back by itself: its task was ended, `by` whom. */
      readonly cause?: 'task_end';
      readonly reason?: string;
      /** It went with the leases of this one. */
      readonly withdrawal?: string;
    })
  | (OfTask &
      Proven & {
        /** Taken in an emergency, about to be minted; `agent` is the operator. */
        readonly type: 'breakglass.opened';
        readonly breakGlass: string;
        readonly asked: AskedFor;
        readonly decided: Decided;
        readonly ticket: string;
        readonly approval?: string;
      })
  | (OfTask & { readonly type: 'breakglass.expired'; readonly breakGlass: string })
  | (OfTask & {
      readonly type: 'breakglass.reviewed';
      readonly breakGlass: string;
      readonly by: string;
      readonly outcome: 'justified' | 'not_justified';
      readonly note: string;
    })
  | (OfTask &
      Proven & {
        readonly type: 'breakglass.refused';
        readonly fault: string;
        readonly asked: Partial<AskedFor>;
        readonly ticket: string;
        readonly decided?: Decided;
      })
  | (OfTask & { readonly type: 'approval.expired'; readonly approval: string });
