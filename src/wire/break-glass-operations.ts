import { awaitingApproval } from './approval.js';
import { byApproval } from './approval-operations.js';
import {
  breakGlass,
  breakGlassGrant,
  breakGlassPage,
  breakGlassQuery,
  breakGlassRequest,
  breakGlassReview,
} from './break-glass.js';
import type { Operation } from './operation.js';

/** Emergencies. */
export const breakGlassOperations = {
  breakGlass: {
    method: 'post',
    path: '/v1/break-glass',
    tag: 'break-glass',
    summary: 'Take a credential in an emergency: announced, short, and reviewed by somebody else',
    proof: 'bearer',
    body: breakGlassRequest,
    answers: {
      201: { description: 'The credential: this once.', shape: breakGlassGrant },
      202: { description: 'Another person has been asked; nothing is issued yet.', shape: awaitingApproval },
    },
    faults: [
      'credential.unknown',
      'credential.parameters',
      'ttl.invalid',
      'ttl.below_floor',
      'policy.denied',
      'policy.error',
      'obligation.unknown',
      'obligation.unmet',
      'policy.changed',
      'approval.weak_sign_in',
      ...byApproval,
      'task.ended',
      'provider.unavailable',
      'provider.timeout',
      'provider.throttled',
      'provider.refused',
      'provider.nonsense',
      'lease.limit',
      'state.full',
      'state.rolled_back',
      'revocation.overdue',
    ],
  },
  listBreakGlass: {
    method: 'get',
    path: '/v1/break-glass',
    tag: 'break-glass',
    summary: 'List emergencies, the latest first',
    proof: 'bearer',
    query: breakGlassQuery,
    answers: { 200: { description: 'One page of them.', shape: breakGlassPage } },
    faults: [],
  },
  reviewBreakGlass: {
    method: 'post',
    path: '/v1/break-glass/{breakGlass}/review',
    tag: 'break-glass',
    summary: 'Say afterwards whether it was justified',
    proof: 'bearer',
    body: breakGlassReview,
    answers: { 200: { description: 'The emergency, reviewed.', shape: breakGlass } },
    faults: ['breakglass.unknown', 'breakglass.own_review', 'breakglass.reviewed'],
  },
} as const satisfies Record<string, Operation>;
