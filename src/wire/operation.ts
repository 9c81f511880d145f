import type { z } from 'zod';
import type { FaultCode } from '../kernel/fault.js';

export interface Answer {
  readonly description: string;
  /** Absent for an answer that is not JSON. */
  readonly shape?: z.ZodType;
  readonly mediaType?: string;
}

/** One call of the HTTP API: what it takes and every way it answers. */
export interface Operation {
  readonly method: 'get' | 'post';
  /** With `{name}` for each path parameter. */
  readonly path: string;
  readonly tag:
    | 'tasks'
    | 'leases'
    | 'agents'
    | 'approvals'
    | 'break-glass'
    | 'catalog'
    | 'hooks'
    | 'audit'
    | 'session'
    | 'health'
    | 'description';
  readonly summary: string;
  /** How the caller proves who it is: a bearer token or a session, a session only, the webhook's own proof, not at all. */
  readonly proof: 'bearer' | 'session' | 'hook' | 'none';
  /** Media type of its body, where that is not JSON. */
  readonly takes?: string;
  /** Takes an Idempotency-Key. */
  readonly idempotent?: boolean;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that every operation with its kind of proof may meet. */
  readonly faults: readonly FaultCode[];
}

/** What any request may meet before it reaches its operation. */
const onTheWay: readonly FaultCode[] = [
  'request.malformed',
  'request.too_large',
  'request.timeout',
  'request.rate_limited',
  'broker.stopping',
  'internal',
];

const ofBearers: readonly FaultCode[] = [
  'identity.unproven',
  'identity.stale',
  'identity.unavailable',
  'dpop.missing',
  'dpop.required',
  'dpop.invalid',
  'dpop.nonce',
  'role.missing',
  'session.forged',
  'state.unavailable',
];

const ofSessions: readonly FaultCode[] = ['identity.unproven', 'session.forged', 'state.unavailable'];

/** Every fault that the operation may answer. */
export const faultsOf = (operation: Operation): readonly FaultCode[] => [
  ...new Set([
    ...(operation.proof === 'bearer' ? ofBearers : []),
    ...(operation.proof === 'session' ? ofSessions : []),
    ...(operation.body ? (['request.media_type'] as const) : []),
    ...operation.faults,
    ...onTheWay,
  ]),
];
