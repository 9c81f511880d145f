import { awsCredentials, awsCredentialsQuery } from './aws.js';
import type { Operation } from './operation.js';
<<<<<<< HEAD
=======
import { taskOperations } from './task-operations.js';
>>>>>>> client

/** What AWS SDKs call: the container-credentials protocol. */
export const awsOperations = {
  awsCredentials: {
    method: 'get',
    path: '/v1/aws/credentials',
    tag: 'tasks',
    summary: 'Ask for an AWS session, as AWS SDKs do (AWS_CONTAINER_CREDENTIALS_FULL_URI)',
    proof: 'bearer',
    query: awsCredentialsQuery,
    answers: { 200: { description: 'The session: this once.', shape: awsCredentials } },
    faults: [
      'aws.no_session',
      'aws.session_too_short',
<<<<<<< HEAD
      'task.unknown',
      'task.ended',
      'credential.unknown',
      'credential.parameters',
      'credential.wider',
      'ttl.invalid',
      'ttl.below_floor',
      'policy.denied',
      'policy.error',
      'policy.changed',
      'approval.required',
      'provider.unavailable',
      'provider.timeout',
      'provider.throttled',
      'provider.refused',
      'provider.nonsense',
      'lease.limit',
      'task.full',
      'state.full',
      'state.rolled_back',
      'revocation.overdue',
=======
      ...taskOperations.requestCredential.faults.filter((code) => !code.startsWith('idempotency.')),
>>>>>>> client
    ],
  },
} as const satisfies Record<string, Operation>;
