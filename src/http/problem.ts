import type { ServerResponse } from 'node:http';
import { proofAlgorithms } from '../identity/dpop/proof-key.js';
import { Fault, faults } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Problem } from '../wire/problem.js';
import { denialOf } from './denial.js';
import { send } from './send.js';

/** Said for every unproven caller alike: which check failed is for the log, not for whoever is guessing. */
const sameForAll: Partial<Record<FaultCode, string>> = {
  'identity.unproven': 'The request does not prove who the caller is.',
  'hook.unproven': 'The delivery does not prove who sent it.',
};

/** Whatever was thrown, as what the caller may see: a Fault as it is, all else as `internal` without a word of it. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  // The router throws this for a path whose percent-encoding is not one.
  if (thrown instanceof URIError || (isRecord(thrown) && thrown['status'] === 400))
    return new Fault('request.malformed', 'The path is not well-formed.', { cause: thrown });
  return new Fault('internal', 'The request could not be completed.', { cause: thrown });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The fault as RFC 9457 problem details. `instance` is the id of the request. */
export function problemOf(fault: Fault, instance: string): Problem {
  const { status, title, retry, remedy } = faults[fault.code];
  return {
    type: `/problems/${fault.code}`,
    title,
    status,
    detail: sameForAll[fault.code] ?? fault.message,
    instance,
    code: fault.code,
    ...(denialOf(fault.code) && { denial: denialOf(fault.code) }),
    retry,
    remedy,
    ...(fault.policies && { policies: [...fault.policies] }),
    ...(fault.errors && { errors: fault.errors.map((error) => ({ ...error })) }),
  };
}

const dpopChallenge = `DPoP realm="protem", algs="${proofAlgorithms.join(' ')}"`;

/** RFC 9449 section 7.1: `error` says which of the ways to be refused it is. */
const dpopErrors: Partial<Record<FaultCode, string>> = {
  'dpop.missing': 'invalid_token',
  'dpop.required': 'invalid_request',
  'dpop.invalid': 'invalid_dpop_proof',
  'dpop.nonce': 'use_dpop_nonce',
};

function challengeOf(code: FaultCode): string | undefined {
  if (code === 'identity.stale') return `Bearer realm="protem", error="invalid_token", ${dpopChallenge}`;
  if (code === 'identity.unproven') return `Bearer realm="protem", ${dpopChallenge}`;
  const error = dpopErrors[code];
  return error && `${dpopChallenge}, error="${error}"`;
}

/** Headers that the kind of fault asks for. */
export function headersOf(fault: Fault): Record<string, string> {
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json' };
  const challenge = challengeOf(fault.code);
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge;
  if (faults[fault.code].retry) headers['Retry-After'] = String(Math.ceil(fault.retryAfterSeconds ?? 1));
  if (fault.code === 'broker.stopping' || fault.code === 'request.too_large') headers['Connection'] = 'close';
  return headers;
}

export function sendProblem(
  res: ServerResponse,
  fault: Fault,
  instance: string,
  more: (problem: Problem) => Partial<Problem> = () => ({}),
): void {
  const problem = problemOf(fault, instance);
  for (const [header, value] of Object.entries(headersOf(fault))) res.setHeader(header, value);
  send(res, problem.status, { ...problem, ...more(problem) });
}
