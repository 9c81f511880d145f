import { awsCredentials, awsCredentialsQuery } from './aws.js';
import type { Operation } from './operation.js';
import { taskOperations } from './task-operations.js';

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
      ...taskOperations.requestCredential.faults.filter((code) => !code.startsWith('idempotency.')),
    ],
  },
} as const satisfies Record<string, Operation>;
