import { awaitingApproval } from './approval.js';
import { byApproval } from './approval-operations.js';
import { credentialRequest, grant } from './credential.js';
import { ofIssuing } from './issuing-faults.js';
import type { Operation } from './operation.js';
import { task, taskEndRequest, taskPage, taskQuery, taskRequest } from './task.js';

/** What is done with a task: ask, open, see, end. */
export const taskOperations = {
  requestCredential: {
    method: 'post',
    path: '/v1/tasks/{task}/credentials',
    tag: 'tasks',
    summary: 'Ask for a credential for a task',
    proof: 'bearer',
    idempotent: true,
    body: credentialRequest,
    answers: {
      201: { description: 'The lease, and the secret: this once.', shape: grant },
      202: { description: 'A person has been asked; nothing is issued yet.', shape: awaitingApproval },
    },
    faults: [
      'task.unknown',
      'task.ended',
      'task.busy',
      'step.unknown',
      'delegation.wider',
      'identity.stale',
      'credential.wider',
      'provider.full',
      ...ofIssuing,
      ...byApproval,
      'lease.limit',
      'task.full',
      'quota.issue_rate',
    ],
  },
  openTask: {
    method: 'post',
    path: '/v1/tasks',
    tag: 'tasks',
    summary: 'Open a task',
    proof: 'bearer',
    idempotent: true,
    body: taskRequest,
    answers: { 201: { description: 'The task, open.', shape: task } },
    faults: ['task.deadline_past', 'quota.task_rate', 'idempotency.reused', 'idempotency.in_flight'],
  },
  listTasks: {
    method: 'get',
    path: '/v1/tasks',
    tag: 'tasks',
    summary: 'List tasks; agents see their own',
    proof: 'bearer',
    query: taskQuery,
    answers: { 200: { description: 'One page of tasks.', shape: taskPage } },
    faults: [],
  },
  findTask: {
    method: 'get',
    path: '/v1/tasks/{task}',
    tag: 'tasks',
    summary: 'See a task',
    proof: 'bearer',
    answers: { 200: { description: 'The task.', shape: task } },
    faults: ['task.unknown'],
  },
  endTask: {
    method: 'post',
    path: '/v1/tasks/{task}/end',
    tag: 'tasks',
    summary: 'End a task: nothing more is issued for it, and all its leases are revoked',
    proof: 'bearer',
    body: taskEndRequest,
    answers: { 200: { description: 'The task, ended. Ending it twice is ending it once.', shape: task } },
    faults: ['task.unknown'],
  },
} as const satisfies Record<string, Operation>;
