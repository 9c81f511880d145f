import type { Problem } from '../wire/problem.js';
import type { FetchedAnswer } from './call.js';

/**
 * What only a client can meet: no answer, no connection that is secure, an answer that is not the broker's, a person who has
 * not answered yet.
 */
export type ClientCode =
  'client.unreachable' | 'client.insecure' | 'client.unexpected' | 'client.approval_pending';

/** A question to a person that stands behind an answer of 202. */
export interface PendingApproval {
  readonly id: string;
  readonly status: string;
  /** Where a person answers it. */
  readonly url: string;
  /** ISO 8601; until then it can be answered. */
  readonly expiresAt: string;
}

export interface FaultParts {
  readonly code: Problem['code'] | ClientCode;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly detail: string;
  readonly remedy: string;
  readonly retry: boolean;
  readonly policies?: readonly string[] | undefined;
  readonly errors?: Problem['errors'] | undefined;
  readonly instance?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly approval?: PendingApproval;
  readonly cause?: unknown;
}

/** A failure, as the broker tells it (RFC 9457) or as it was met on the way there. It never holds a token or a secret. */
export class ProtemFault extends Error {
  readonly code: FaultParts['code'];
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** What happened this time. */
  readonly detail: string;
  /** What the caller can do about it. */
  readonly remedy: string;
  /** Whether the same request may succeed later, unchanged. */
  readonly retry: boolean;
  /** Ids of the policies that decided. */
  readonly policies: readonly string[];
  /** What is wrong where in the request. */
  readonly errors: NonNullable<Problem['errors']>;
  /** Id of the request; the log line of the broker has it too. */
  readonly instance: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Of `client.approval_pending`. */
  readonly approval: PendingApproval | undefined;

  constructor(parts: FaultParts) {
    super(`${parts.code}: ${parts.detail} ${parts.remedy}`.trim(), { cause: parts.cause });
    this.name = 'ProtemFault';
    this.code = parts.code;
    this.status = parts.status;
    this.detail = parts.detail;
    this.remedy = parts.remedy;
    this.retry = parts.retry;
    this.policies = parts.policies ?? [];
    this.errors = parts.errors ?? [];
    this.instance = parts.instance;
    this.retryAfterSeconds = parts.retryAfterSeconds;
    this.approval = parts.approval;
  }
}

/** The fault that an answer tells; one that is no problem of the broker's (a proxy's page) is `client.unexpected`. */
export function faultOf(response: FetchedAnswer, body: unknown): ProtemFault {
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterSeconds = Number.isFinite(after) ? after : undefined;
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  if (isProblem && typeof body === 'object' && body !== null && 'code' in body)
    return new ProtemFault({ ...(body as Problem), status: response.status, retryAfterSeconds });
  return new ProtemFault({
    code: 'client.unexpected',
    status: response.status,
    detail: `The answer (${response.status}) is not one of the broker.`,
    remedy: 'Check the URL of the broker, and what stands between it and here.',
    retry: [502, 503, 504].includes(response.status),
    retryAfterSeconds,
  });
}

/** OpenSSL's, and Node's of the certificate that the other side has shown; `fetch` has them below its own. */
const insecure = /^(EPROTO|ERR_SSL|ERR_OSSL|ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/;

/** Something took the connection, and closed it without an answer. */
const closed = /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/;

/** The first such code of an error, or of what caused it. */
function codeIn(error: unknown, such: RegExp): string | undefined {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && such.test(code)) return code;
  return cause === undefined ? undefined : codeIn(cause, such);
}

/** No answer came: it was not there, or no connection came about over which it may be asked. */
export function unreachable(url: string, cause: unknown): ProtemFault {
  const code = codeIn(cause, insecure);
  if (code !== undefined)
    return new ProtemFault({
      code: 'client.insecure',
      status: 0,
      detail: `No secure connection to ${new URL(url).origin} came about (${code}).`,
      remedy:
        'Check the URL and its scheme, whether its authority is known here (PROTEM_CA_FILE, NODE_EXTRA_CA_CERTS), and the certificate that is shown.',
      retry: false,
      cause,
    });
  return new ProtemFault({
    code: 'client.unreachable',
    status: 0,
    detail: `The broker at ${new URL(url).origin} did not answer.`,
    remedy:
      url.startsWith('http:') && codeIn(cause, closed) !== undefined
        ? 'It closed the connection. Check that it runs; where it serves TLS, its URL begins with https://.'
        : 'Check the URL of the broker, and that it runs.',
    retry: true,
    cause,
  });
}

export const stillPending = (approval: PendingApproval): ProtemFault =>
  new ProtemFault({
    code: 'client.approval_pending',
    status: 202,
    detail: `A person has to approve this: ${approval.url}`,
    remedy: `Ask again with the approval ${approval.id} once it has been answered.`,
    retry: false,
    approval,
  });
