import { faults } from './fault-table.js';
import type { FaultCode, FaultKind } from './fault-table.js';

export { faults } from './fault-table.js';
export type { FaultCode } from './fault-table.js';

export interface FaultDetail {
  /** What is wrong where, as JSON pointers into the request. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  /** The policies that decided. */
  readonly policies?: readonly string[];
  readonly retryAfterSeconds?: number;
  /** For logs and audit only: never shown to the caller. */
  readonly reason?: string;
  readonly cause?: unknown;
}

/** A failure the caller may see: `message` is public; `reason` and `cause` are for the log and the audit. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly errors: FaultDetail['errors'];
  readonly policies: readonly string[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly reason: string | undefined;

  constructor(code: FaultCode, message: string, detail: FaultDetail = {}) {
    super(message, { cause: detail.cause });
    this.name = 'Fault';
    this.code = code;
    this.errors = detail.errors;
    this.policies = detail.policies;
    this.retryAfterSeconds = detail.retryAfterSeconds;
    this.reason = detail.reason;
  }
}

export const kindOf = (fault: Fault): FaultKind => faults[fault.code];

/** The code of whatever was thrown; what is not a Fault is a flaw of our own. */
export const faultCode = (thrown: unknown): FaultCode => (thrown instanceof Fault ? thrown.code : 'internal');
