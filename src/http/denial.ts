import type { FaultCode } from '../kernel/fault.js';
import type { Denial } from '../wire/problem.js';

/**
 * How a refusal is called in the AuthZEN access request profile (ARAP), for clients that speak it: why a request by an
 * approval was denied, and what to do next.
 */
const denials: Partial<Record<FaultCode, Denial>> = {
  'approval.pending': { reason: 'grant_pending', next_action: 'retry' },
  'approval.expired': { reason: 'approval_expired', next_action: 'request' },
  'approval.used': { reason: 'approval_expired', next_action: 'request' },
  'approval.out_of_scope': { reason: 'out_of_scope', next_action: 'request' },
  'approval.unverifiable': { reason: 'approval_unverifiable', next_action: 'none' },
  'approval.revoked': { reason: 'approval_unverifiable', next_action: 'request' },
  'approval.denied': { reason: 'policy_denied', next_action: 'none' },
  'policy.denied': { reason: 'policy_denied', next_action: 'none' },
};

export const denialOf = (code: FaultCode): Denial | undefined => denials[code];
