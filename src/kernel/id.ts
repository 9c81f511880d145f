import { randomFillSync } from 'node:crypto';

const alphabet = Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');

const pool = new Uint8Array(1024);
let unused = 0;

/** Uniform over the 62 characters: bytes from 248 on are thrown away, as they would favour the first eight. */
function randomBase62(length: number): string {
  const codes: number[] = [];
  while (codes.length < length) {
    if (unused === 0) {
      randomFillSync(pool);
      unused = pool.length;
    }
    const byte = pool[--unused]!;
    if (byte < 248) codes.push(alphabet[byte % 62]!);
  }
  return String.fromCharCode(...codes);
}

/**
 * Task ids are `tsk_` and 8 base62 characters (47 bits; the store refuses a duplicate). They are short because
 * the 8 characters are also the task's name inside AWS session names, where every character counts.
 * They are names, not capabilities: every read checks who asks.
 */
export const newTaskId = (): string => `tsk_${randomBase62(8)}`;

/** The 8 characters that name the task at a provider. */
export const taskMark = (taskId: string): string => taskId.slice(4);

/** Lease ids carry their task: `lse_<task mark><6 base62>`, so a provider's log line leads back to both. */
export const newLeaseId = (taskId: string): string => `lse_${taskMark(taskId)}${randomBase62(6)}`;

/** The task that a lease id carries. */
export const taskIdOf = (leaseId: string): string => `tsk_${leaseId.slice(4, 12)}`;

/** The part of a lease id that tells it from its siblings in the same task. */
export const leaseMark = (leaseId: string): string => leaseId.slice(12);

/** Step ids carry their task as lease ids do: `stp_<task mark><6 base62>`. */
export const newStepId = (taskId: string): string => `stp_${taskMark(taskId)}${randomBase62(6)}`;

export const newApprovalId = (): string => `apr_${randomBase62(16)}`;

export const newBreakGlassId = (): string => `bgl_${randomBase62(16)}`;

export const newRequestId = (): string => `req_${randomBase62(16)}`;

/** Names a withdrawal of many leases, and the block that came with it. */
export const newWithdrawalId = (): string => `rev_${randomBase62(8)}`;
export const withdrawalIdPattern = /^rev_[0-9A-Za-z]{8}$/;

/** Names one audit log for good: two logs never share it, whoever merges their records. */
export const newChainId = (): string => `chn_${randomBase62(16)}`;

export const taskIdPattern = /^tsk_[0-9A-Za-z]{8}$/;
export const leaseIdPattern = /^lse_[0-9A-Za-z]{14}$/;
export const approvalIdPattern = /^apr_[0-9A-Za-z]{16}$/;
export const breakGlassIdPattern = /^bgl_[0-9A-Za-z]{16}$/;
