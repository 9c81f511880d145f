import type { FaultKind } from './fault-kind.js';

/** What asking a person, answering, and asking by the answer may meet. */
export const approvalFaults = {
  'approval.unknown': {
    status: 404,
    title: 'No such approval',
    retry: false,
    remedy: 'Check the id; approvals that others asked for are not shown.',
  },
  'approval.pending': {
    status: 409,
    title: 'Nobody has answered yet',
    retry: true,
    remedy: 'Wait with "GET /v1/approvals/{approval}?wait=30s", then repeat the request.',
  },
  'approval.denied': {
    status: 403,
    title: 'A person has denied this',
    retry: false,
    remedy: 'Do without it, or ask for less; the same request is not shown to anyone again for a while.',
  },
  'approval.expired': {
    status: 403,
    title: 'The approval is no longer good',
    retry: false,
    remedy: 'Ask again, without naming an approval; a person is asked anew.',
  },
  'approval.revoked': {
    status: 403,
    title: 'The approval was taken back',
    retry: false,
    remedy: 'Ask again without naming an approval, if it is still needed.',
  },
  'approval.used': {
    status: 403,
    title: 'The approval was used already',
    retry: false,
    remedy:
      'An approval is for one credential, one tool call or one delegation; ask again without naming one. To retry after a lost answer, send the same Idempotency-Key.',
  },
  'approval.out_of_scope': {
    status: 403,
    title: 'The approval is for another request',
    retry: false,
    remedy: 'Repeat exactly what was approved, or ask for the changed request without naming an approval.',
  },
  'approval.unverifiable': {
    status: 403,
    title: 'There is no such approval of this caller',
    retry: false,
    remedy: 'Name an approval that this same identity asked for.',
  },
  'approval.limit': {
    status: 429,
    title: 'Too many questions are open, or were asked of late',
    retry: true,
    remedy:
      'Wait for answers, or cancel what is no longer needed; an operator sets how many there may be, and how often.',
  },
  'approval.decided': {
    status: 409,
    title: 'The approval is over already',
    retry: false,
    remedy: 'Look at it again: its state says how it ended.',
  },
  'approval.own': {
    status: 403,
    title: 'Another person has to answer this',
    retry: false,
    remedy: 'Let somebody answer who neither asked for it, nor owns the agent, nor has answered before.',
  },
  'approval.weak_sign_in': {
    status: 403,
    title: 'The sign-in is not strong enough',
    retry: false,
    remedy: 'Sign in again with the second factor that the settings demand (approvals.acr, approvals.amr).',
  },
  'approval.wider': {
    status: 422,
    title: 'The answer gives more than was asked for',
    retry: false,
    remedy: 'Approve as it is, or less; see "errors".',
  },
} as const satisfies Record<string, FaultKind>;
