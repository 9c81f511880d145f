import { governanceFaults } from './governance-faults.js';
import type { FaultKind } from './fault-kind.js';
import { approvalFaults } from './approval-faults.js';
import { breakGlassFaults } from './break-glass-faults.js';
import { awsFaults } from './aws-faults.js';
import { identityFaults } from './identity-faults.js';
import { taskFaults } from './task-faults.js';
import { providerFaults } from './provider-faults.js';

export type { FaultKind } from './fault-kind.js';

/** Every failure a caller can see. The HTTP answer, the exit code and docs/errors.md are read from here. */
export const faults = {
  ...identityFaults,
  'request.malformed': {
    status: 400,
    title: 'The request is not well-formed',
    retry: false,
    remedy:
      'Correct what is said here, and each field in "errors" where it names any; the shapes are in /openapi.json.',
  },
  'request.too_large': {
    status: 413,
    title: 'The request is too large',
    retry: false,
    remedy: 'Send less; the limits are in the settings under "http".',
  },
  'request.media_type': {
    status: 415,
    title: 'The request body is not JSON',
    retry: false,
    remedy: 'Send "Content-Type: application/json".',
  },
  'request.timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    retry: true,
    remedy: 'Send the whole request at once; the time it may take is in the settings under "http".',
  },
  'request.rate_limited': {
    status: 429,
    title: 'Too many requests',
    retry: true,
    remedy: 'Wait for "Retry-After" seconds.',
  },
  'route.unknown': {
    status: 404,
    title: 'There is nothing here',
    retry: false,
    remedy: 'See /openapi.json for what there is; an id in a path is percent-encoded.',
  },
  'route.method': {
    status: 405,
    title: 'This path does not take this method',
    retry: false,
    remedy: 'See "Allow" and /openapi.json.',
  },
  'idempotency.reused': {
    status: 422,
    title: 'The idempotency key belongs to a different request',
    retry: false,
    remedy: 'Use a new Idempotency-Key for a request with another body.',
  },
  'idempotency.in_flight': {
    status: 409,
    title: 'The same request is still being worked on',
    retry: true,
    remedy: 'Wait a second and retry with the same Idempotency-Key.',
  },
  ...taskFaults,
  ...governanceFaults,
  'lease.unknown': {
    status: 404,
    title: 'No such lease',
    retry: false,
    remedy: 'Check the id; leases of others are not shown.',
  },
  'lease.limit': {
    status: 429,
    title: 'Too many live leases',
    retry: true,
    remedy:
      'Give back what is no longer needed, or retry after "Retry-After" seconds when some have ended; an operator sets how many there may be.',
  },
  'quota.issue_rate': {
    status: 429,
    title: 'Credentials are issued too often',
    retry: true,
    remedy:
      'Wait for "Retry-After" seconds; use and renew what you have. An operator sets how often agents, tasks and entries are served.',
  },
  'lease.not_active': {
    status: 409,
    title: 'The lease is not active',
    retry: false,
    remedy: 'What is ending, or over, is not renewed. Ask for a new credential.',
  },
  'lease.not_renewable': {
    status: 422,
    title: 'This lease cannot be renewed',
    retry: false,
    remedy: 'Ask for a new credential before this one ends, or for a longer one to begin with.',
  },
  'lease.at_ceiling': {
    status: 422,
    title: 'Nothing can carry the lease further',
    retry: false,
    remedy:
      'It ends as "expiresAt" says. Ask for a new credential; if it is the deadline of the task that ends it, in a new task.',
  },
  'lease.renewing': {
    status: 409,
    title: 'Another renewal of the lease is under way',
    retry: true,
    remedy: 'Wait a second, then look at "expiresAt" of the lease before renewing again.',
  },
  'credential.unknown': {
    status: 404,
    title: 'No such catalog entry',
    retry: false,
    remedy: 'Ask for an entry of the catalog; GET /v1/catalog lists those you may name.',
  },
  'credential.parameters': {
    status: 422,
    title: 'The parameters are not within the catalog entry',
    retry: false,
    remedy: 'Parameters can only narrow the entry; see "errors" for what each allows.',
  },
  'credential.wider': {
    status: 403,
    title: 'The credential would not stay within that of the parent task',
    retry: false,
    remedy: 'Ask for an entry of the parent task, or for one that is cut in slices.',
  },
  'delivery.key': {
    status: 422,
    title: 'The secret cannot be encrypted to this key',
    retry: false,
    remedy:
      'Name a public key (EC, X25519, or RSA of 2048 to 4096 bits) that is that of the DPoP proof, or that the token names.',
  },
  'delivery.encrypted': {
    status: 422,
    title: 'This credential is handed over encrypted only',
    retry: false,
    remedy: 'Name a public key in "encryptTo"; the answer is a JWE that only its private key opens.',
  },
  'ttl.invalid': {
    status: 422,
    title: 'The TTL cannot be granted',
    retry: false,
    remedy: 'Ask for a positive duration such as "15m", no longer than the entry allows.',
  },
  'ttl.below_floor': {
    status: 422,
    title: 'The time that is left is shorter than the provider can mint',
    retry: false,
    remedy:
      'Extend what bounds it (task deadline, TTL asked for), or use an entry whose provider goes shorter.',
  },
  'policy.denied': {
    status: 403,
    title: 'Policy does not permit this',
    retry: false,
    remedy: 'See "policies" for what decided; ask for less, or ask an operator to change the policy.',
  },
  'policy.error': {
    status: 403,
    title: 'Policy could not decide, so the answer is no',
    retry: false,
    remedy: 'An operator should look at the policy errors in the audit log.',
  },
  'policy.changed': {
    status: 403,
    title: 'Policy changed while the credential was being minted',
    retry: true,
    remedy: 'The credential was revoked unseen. Ask again to be decided under the new policy.',
  },
  'obligation.unknown': {
    status: 403,
    title: 'Policy demands a duty that this broker does not know',
    retry: false,
    remedy:
      'Nothing is issued on it. An operator should look at the "@obligation" of the policies in "policies".',
  },
  'obligation.unmet': {
    status: 422,
    title: 'Policy demands a duty that the request leaves undone',
    retry: false,
    remedy: 'See "errors": for "encrypt" name a key in "encryptTo", for "reason" say why in "reason".',
  },
  'approval.required': {
    status: 403,
    title: 'A person has to approve this',
    retry: false,
    remedy:
      'For a credential, a step or a delegation a person is asked: wait for the approval that the answer names, then repeat the request with it. A renewal asks nobody, and is refused.',
  },
  ...approvalFaults,
  ...breakGlassFaults,
  ...awsFaults,
  ...providerFaults,
  'hook.unknown': {
    status: 404,
    title: 'No such webhook source',
    retry: false,
    remedy: 'Configure the source under "hooks" in the settings.',
  },
  'hook.unproven': {
    status: 401,
    title: 'The webhook is not authentic',
    retry: false,
    remedy: 'Check the signing secret, the clock of the sender, and that the body is sent as it was signed.',
  },
  'state.unavailable': {
    status: 503,
    title: 'The broker cannot reach its state',
    retry: true,
    remedy: 'Retry; nothing is issued while the state store is in doubt.',
  },
  'state.full': {
    status: 503,
    title: 'The state store is nearly full',
    retry: true,
    remedy:
      'Retry after "Retry-After" seconds; an operator should give the state store more memory. Revoking goes on.',
  },
  'state.rolled_back': {
    status: 503,
    title: 'The state store has gone back in time',
    retry: true,
    remedy:
      'Nothing is issued until an operator has accepted the state store as it is ("protem ledger accept"). Revoking goes on.',
  },
  'revocation.overdue': {
    status: 503,
    title: 'Revocations of this provider are overdue',
    retry: true,
    remedy:
      'Retry after "Retry-After" seconds, or use an entry of another provider; an operator should see why its leases cannot be revoked.',
  },
  'broker.stopping': {
    status: 503,
    title: 'The broker is stopping',
    retry: true,
    remedy: 'Retry; another instance will answer.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong inside the broker',
    retry: true,
    remedy: 'Retry; the log line of the instance named here has the cause.',
  },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof faults;
