import { auditPage, auditQuery } from './audit.js';
import { auditKeys, checkpointPage, checkpointQuery } from './checkpoint.js';
import type { Operation } from './operation.js';

/** The calls that read the log, and what proves it. */
export const auditOperations = {
  readAudit: {
    method: 'get',
    path: '/v1/audit',
    tag: 'audit',
    summary: 'Read the audit log, oldest first: all of it, or of one lease, task or agent',
    proof: 'bearer',
    query: auditQuery,
    answers: { 200: { description: 'One page of records.', shape: auditPage } },
    faults: [],
  },
  listCheckpoints: {
    method: 'get',
    path: '/v1/audit/checkpoints',
    tag: 'audit',
    summary: 'List the signed checkpoints of the audit log, oldest first',
    proof: 'bearer',
    query: checkpointQuery,
    answers: { 200: { description: 'One page of checkpoints.', shape: checkpointPage } },
    faults: [],
  },
  auditKeys: {
    method: 'get',
    path: '/v1/audit/keys',
    tag: 'audit',
    summary: 'The public keys that checkpoints are verified with, as a JWK set (RFC 7517)',
    proof: 'none',
    answers: { 200: { description: 'The keys.', shape: auditKeys } },
    faults: [],
  },
} as const satisfies Record<string, Operation>;
