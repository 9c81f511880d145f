import type { PrincipalKind } from '../identity/principal.js';
import type { RiskLevel } from '../kernel/risk-levels.js';
import type { Scope } from '../revocation/withdrawal.js';

/** What operators do to all or many, and what others would do in their place. */
export type OperatorEvent =
  | {
      /** An operator took a store that has gone back; it was known to have come this far. */
      readonly type: 'ledger.accepted';
      readonly epoch: number;
      readonly lost: { readonly seq: number; readonly lastId: string };
      /** The user of the machine that it was done on, as that machine says. */
      readonly by: string;
      readonly reason: string;
    }
  | {
      /** An operator signed in to the console, or out of it. */
      readonly type: 'session.begun' | 'session.ended';
      readonly by: string;
      readonly roles: readonly string[];
      readonly issuer: string;
    }
  | {
      /** Many leases are taken back, or looked at again; with `block`, nothing of it is issued until that is lifted. */
      readonly type: 'withdrawal.begun';
      readonly withdrawal: string;
      readonly what: 'revoke' | 'evaluate';
      readonly scope: Scope;
      readonly by: string;
      readonly block: boolean;
      readonly reason?: string;
      readonly policyDigest?: string;
    }
  | {
      /** Every lease in its reach has begun to end, or passed. */
      readonly type: 'withdrawal.ended';
      readonly withdrawal: string;
      readonly total: number;
    }
  | {
      readonly type: 'block.lifted';
      readonly block: string;
      readonly scope: Scope;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly type: 'agent.disabled' | 'agent.enabled';
      readonly subject: string;
      readonly by: string;
      readonly reason: string;
    }
  | {
      /** `by`: an operator, or the transmitter of a security event. */
      readonly type: 'agent.signalled';
      readonly subject: string;
      readonly by: string;
      readonly level: RiskLevel;
      readonly reason: string;
      readonly endsAt?: number;
    }
  | {
      /**
       * A call that was not the caller's to make, `on` what it named: so many times, all alike, within a second or so. From
       * a caller that does it in a loop on ever other names, `on` is ''.
       */
      readonly type: 'call.refused';
      readonly by: string;
      readonly kind: PrincipalKind;
      /** As the description of the API names it (`operationId`). */
      readonly operation: string;
      readonly on: string;
      readonly fault: string;
      readonly count: number;
    };
