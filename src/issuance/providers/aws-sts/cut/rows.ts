import { leaseMark } from '../../../../kernel/id.js';
import type { Ending, Handle } from '../../../provider.js';
import type { Enrolled, Roster } from '../../../world.js';
import type { Row } from './cover.js';
import type { Subject } from './document.js';
import type { AwsTime } from './time.js';

export interface RowOptions {
  readonly subject: Subject;
  /** How long after its reservation, or its renewal, a session may still be made. */
  readonly mintTimeoutMs: number;
  /** After that much time a deny that was written is taken to be in force. */
  readonly effectiveAfterMs: number;
  /** Sessions that a renewal has replaced a while ago may be denied, so that there is room for others. */
  readonly giveUpReplaced?: boolean;
}

/**
 * The SDKs take the next session when 15 minutes of the one before are left, or 5: what has been replaced for so long is
 * not in use, or close to its end.
 */
const replacedForMs = 300_000;

/** A session that is to be denied, whatever the ledger says of its lease. */
export interface Denied {
  readonly name: string;
  /** Nobody told until when it may have been issued: it may have been a moment ago. */
  readonly unknownLease: boolean;
}

/** The rows of the document from what the ledger has, on the clock of AWS. */
export function rowsOf(
  { leases, lost }: Roster,
  denied: readonly Denied[],
  time: AwsTime,
  options: RowOptions,
): Row[] {
  const asked = new Map(denied.map((each) => [each.name, each]));
  const known = new Set<string>();
  const rows = leases.map((lease) => {
    const row = rowOf(lease, time, options);
    const ask = asked.get(`${row.task}.${row.lease}`);
    if (!ask) return row;
    known.add(ask.name);
    return { ...row, live: false, ...(ask.unknownLease && { issuedUntil: seconds(time.at) + 2 }) };
  });
  const unlisted = denied
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => deadRow(name, time.at + 2000));
  const unreadable = lost.map(({ leaseId, mintedUntil }) =>
    deadRow(nameOf(leaseId), mintedUntil + Math.max(0, time.aheadUntil)),
  );
  return [...rows, ...unlisted, ...unreadable];
}

/** What follows the prefix in a session name: `<task>.<lease>`. */
export const nameOf = (leaseId: string): string => `${leaseId.slice(4, 12)}.${leaseMark(leaseId)}`;

function deadRow(name: string, issuedUntil: number): Row {
  const [task = '', lease = ''] = name.split('.');
  const until = Math.ceil(issuedUntil / 1000);
  return {
    task,
    lease,
    live: false,
    issuedFrom: 0,
    issuedUntil: until,
    expiresAt: until,
    taskClosed: false,
    taskSpoiled: true,
  };
}

export function rowOf(lease: Enrolled, time: AwsTime, options: RowOptions): Row {
  const { leaseId, handle, live, reservedAt, expiresAt, taskClosed, taskSpoiled } = lease;
  const [task = '', mark = ''] = nameOf(leaseId).split('.');
  const first = Math.min(reservedAt + time.aheadFrom, expiresAt - ttlMsOf(handle));
  const issuedFrom = options.giveUpReplaced ? Math.max(first, lastIssueMs(lease, time, options)) : first;
  const ahead = Math.max(0, time.aheadUntil);
  return {
    task,
    lease: mark,
    live,
    issuedFrom: Math.floor(issuedFrom / 1000),
    issuedUntil: Math.ceil((latestIssueMs(lease, handle, options) + ahead) / 1000),
    expiresAt: Math.ceil((expiresAt + ahead) / 1000),
    taskClosed,
    taskSpoiled,
  };
}

/**
 * The earliest moment at which the last renewal, if it is a while ago, can have issued its session. Slices go on being
 * cut from the session that was there first, and what was chained from one is not replaced by another.
 */
function lastIssueMs({ renewedAt, handle }: Enrolled, time: AwsTime, options: RowOptions): number {
  const { subject, mintTimeoutMs } = options;
  if (renewedAt === undefined || handle['slices'] || subject !== 'aws:userid') return -Infinity;
  if (renewedAt + time.aheadUntil + replacedForMs > time.at) return -Infinity;
  return renewedAt - mintTimeoutMs + time.aheadFrom;
}

/**
 * When the last session of this name can have been issued. Once: a lifetime before its end. Renewed: until a renewal
 * that was under way when its end was asked for. Not known to be over: while minting is.
 */
export function latestIssueMs(
  lease: Pick<Enrolled, 'expiresAt' | 'mintUntil' | 'renewedAt' | 'revocationRequestedAt'> | Ending,
  handle: Handle,
  { subject, mintTimeoutMs, effectiveAfterMs }: RowOptions,
): number {
  const { expiresAt, mintUntil, revocationRequestedAt } = lease;
  const renewed = 'renewedAt' in lease && lease.renewedAt !== undefined;
  const endAsked = revocationRequestedAt ?? expiresAt;
  // Others may open sessions from it until the deny is in force.
  if (subject === 'aws:SourceIdentity') return Math.max(endAsked, mintUntil ?? 0) + effectiveAfterMs;
  return Math.max(mintUntil ?? 0, expiresAt - ttlMsOf(handle), renewed ? endAsked + mintTimeoutMs : 0);
}

const ttlMsOf = (handle: Handle): number => Number(handle['ttlSeconds'] ?? 0) * 1000;

const seconds = (ms: number): number => Math.floor(ms / 1000);
