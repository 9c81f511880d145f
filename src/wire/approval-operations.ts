import {
  approval,
  approvalCancellation,
  approvalDecision,
  approvalPage,
  approvalQuery,
  approvalRevocation,
  approvalWait,
} from './approval.js';
import type { Operation } from './operation.js';

/** What asking by an approval may meet. */
export const byNamedApproval = [
  'approval.pending',
  'approval.denied',
  'approval.expired',
  'approval.revoked',
  'approval.used',
  'approval.out_of_scope',
  'approval.unverifiable',
] as const;

/** The same, and what asking for one may. */
export const byApproval = ['approval.required', ...byNamedApproval, 'approval.limit'] as const;

/** The calls about approvals. */
export const approvalOperations = {
  listApprovals: {
    method: 'get',
    path: '/v1/approvals',
    tag: 'approvals',
    summary: 'List approvals, the latest first; agents see their own',
    proof: 'bearer',
    query: approvalQuery,
    answers: { 200: { description: 'One page of approvals.', shape: approvalPage } },
    faults: [],
  },
  findApproval: {
    method: 'get',
    path: '/v1/approvals/{approval}',
    tag: 'approvals',
    summary: 'See an approval, or wait for its answer',
    proof: 'bearer',
    query: approvalWait,
    answers: {
      200: {
        description: 'The approval; for operators with what the broker knows, apart from what is only said.',
        shape: approval,
      },
    },
    faults: ['approval.unknown'],
  },
  decideApproval: {
    method: 'post',
    path: '/v1/approvals/{approval}/decision',
    tag: 'approvals',
    summary: 'Answer: approve, approve less, or deny',
    proof: 'bearer',
    body: approvalDecision,
    answers: { 200: { description: 'The approval, answered.', shape: approval } },
    faults: [
      'approval.unknown',
      'approval.decided',
      'approval.own',
      'approval.weak_sign_in',
      'approval.wider',
      'approval.out_of_scope',
      'credential.unknown',
      'credential.parameters',
    ],
  },
  cancelApproval: {
    method: 'post',
    path: '/v1/approvals/{approval}/cancel',
    tag: 'approvals',
    summary: 'Take back what you asked for',
    proof: 'bearer',
    body: approvalCancellation,
    answers: { 200: { description: 'The approval, cancelled.', shape: approval } },
    faults: ['approval.unknown', 'approval.decided'],
  },
  revokeApproval: {
    method: 'post',
    path: '/v1/approvals/{approval}/revoke',
    tag: 'approvals',
    summary: 'Take back what was approved, and the lease or the sub-task that it was used for',
    proof: 'bearer',
    body: approvalRevocation,
    answers: { 200: { description: 'The approval, revoked.', shape: approval } },
    faults: ['approval.unknown', 'approval.decided'],
  },
} as const satisfies Record<string, Operation>;
