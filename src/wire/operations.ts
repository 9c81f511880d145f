import { auditOperations } from './audit-operations.js';
import { authorityOperations } from './authority-operations.js';
import { approvalOperations } from './approval-operations.js';
import { breakGlassOperations } from './break-glass-operations.js';
import { awsOperations } from './aws-operations.js';
import { catalog } from './catalog.js';
import { descriptionOperations } from './description-operations.js';
import { hookAnswer } from './hook.js';
import { lease, leasePage, leaseQuery, leaseRevocationRequest } from './lease.js';
import { overview } from './live.js';
import { ofIssuing } from './issuing-faults.js';
import type { Operation } from './operation.js';
import { taskOperations } from './task-operations.js';
import { endedSession, session } from './session.js';
import { renewal, renewalRequest } from './renewal.js';
import { governance } from './governance.js';

/** Every call there is, the busiest first. The routes are made from this table, and so is /openapi.json. */
export const operations = {
  ...taskOperations,
  ...authorityOperations,
  listLeases: {
    method: 'get',
    path: '/v1/leases',
    tag: 'leases',
    summary: 'List leases; agents see their own',
    proof: 'bearer',
    query: leaseQuery,
    answers: { 200: { description: 'One page of leases.', shape: leasePage } },
    faults: [],
  },
  findLease: {
    method: 'get',
    path: '/v1/leases/{lease}',
    tag: 'leases',
    summary: 'See a lease',
    proof: 'bearer',
    answers: { 200: { description: 'The lease.', shape: lease } },
    faults: ['lease.unknown'],
  },
  renewLease: {
    method: 'post',
    path: '/v1/leases/{lease}/renew',
    tag: 'leases',
    summary: 'Renew a lease: policy is asked again',
    proof: 'bearer',
    idempotent: true,
    body: renewalRequest,
    answers: { 200: { description: 'The lease, with the end that was granted.', shape: renewal } },
    faults: [
      'lease.unknown',
      'lease.not_active',
      'lease.not_renewable',
      'lease.at_ceiling',
      'lease.renewing',
      'task.unknown',
      'task.ended',
      'delegation.wider',
      'identity.stale',
      ...ofIssuing,
    ],
  },
  revokeLease: {
    method: 'post',
    path: '/v1/leases/{lease}/revoke',
    tag: 'leases',
    summary: 'Revoke a lease; its owner thereby releases it',
    proof: 'bearer',
    body: leaseRevocationRequest,
    answers: {
      200: {
        description: 'The lease. Its state says how far it is: it is revoked in the background.',
        shape: lease,
      },
    },
    faults: ['lease.unknown'],
  },
  ...governance,
  ...approvalOperations,
  ...breakGlassOperations,
  ...awsOperations,
  listCatalog: {
    method: 'get',
    path: '/v1/catalog',
    tag: 'catalog',
    summary: 'List what may be asked for',
    proof: 'bearer',
    answers: { 200: { description: 'The entries.', shape: catalog } },
    faults: [],
  },
  ...auditOperations,
  findSession: {
    method: 'get',
    path: '/v1/session',
    tag: 'session',
    summary: 'See the session of the console',
    proof: 'session',
    answers: { 200: { description: 'Who is signed in.', shape: session } },
    faults: [],
  },
  endSession: {
    method: 'post',
    path: '/v1/session/end',
    tag: 'session',
    summary: 'Sign out of the console',
    proof: 'session',
    answers: { 200: { description: 'The session is over.', shape: endedSession } },
    faults: [],
  },
  watchEvents: {
    method: 'get',
    path: '/v1/events',
    tag: 'audit',
    summary: 'Follow what happens, as server-sent events',
    proof: 'bearer',
    answers: {
      200: {
        description:
          'Messages `changes` (shape: LiveChanges), `resync` (look at everything again), `stalled` (the state store does not answer) and `over` (the proof has ended). Their ids are for `Last-Event-ID`.',
        mediaType: 'text/event-stream',
      },
    },
    faults: [],
  },
  overview: {
    method: 'get',
    path: '/v1/overview',
    tag: 'audit',
    summary: 'How much is live, how fast it comes and goes, and how late its ends are',
    proof: 'bearer',
    answers: { 200: { description: 'Now, and the last hour.', shape: overview } },
    faults: [],
  },
  receiveHook: {
    method: 'post',
    path: '/v1/hooks/{source}',
    tag: 'hooks',
    summary: 'Say that a task has ended, by webhook',
    proof: 'hook',
    answers: { 200: { description: 'What the delivery did; durable by then.', shape: hookAnswer } },
    faults: ['hook.unknown', 'hook.unproven', 'task.unknown', 'state.unavailable'],
  },
  ...descriptionOperations,
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof operations;
