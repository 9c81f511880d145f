import { createHash } from 'node:crypto';
import { leaseMark, taskMark } from '../../../kernel/id.js';
import type { Handle, Order } from '../../provider.js';
import { type AwsStsScope, isSliced } from './scope.js';

/** Where a session is to be found in CloudTrail and in policies: names only. */
export type SessionHandle = Handle & {
  readonly role: string;
  /** The name that AWS knows it by; of a slice, that of the session it was cut from. */
  readonly sessionName: string;
  readonly region: string;
  readonly sourceIdentity?: string;
  /** There when it can be cut off by a deny; the issue time is its end less this. 0 in slices: any time until then. */
  readonly ttlSeconds?: number;
  /** The roles that are cut off with it, by source identity; separated by spaces. */
  readonly chainedRoles?: string;
  /** Cut in slices; the end of the lease is that of the last one. */
  readonly slices?: true;
  /** The lease, where the name of the session may be that of another one. */
  readonly lease?: string;
};

/**
 * `<prefix>.<task>.<lease>`: `aws:userid` ends with it on every request of the session, so one wildcard
 * `*:<prefix>.<task>.*` names a whole task, and the SourceIdentity `<prefix>.<task>` does so across chained roles. Where
 * those are cut off too, the SourceIdentity is the whole name: a lease can then be denied there without its siblings.
 */
export function planSession(
  order: Order,
  scope: Pick<AwsStsScope, 'sourceIdentity' | 'cutOff' | 'chainedRoles'> & { readonly role: string },
  { sessionPrefix, region }: { readonly sessionPrefix: string; readonly region: string },
): SessionHandle {
  const task = `${sessionPrefix}.${taskMark(order.taskId)}`;
  const sessionName = `${task}.${leaseMark(order.leaseId)}`;
  const chained = scope.chainedRoles.length > 0;
  return {
    role: scope.role,
    sessionName,
    region,
    ...(scope.sourceIdentity ? { sourceIdentity: chained ? sessionName : task } : {}),
    ...(scope.cutOff.includes('deny') ? { ttlSeconds: isSliced(scope) ? 0 : order.ttlSeconds } : {}),
    ...(chained ? { chainedRoles: scope.chainedRoles.join(' ') } : {}),
    ...(isSliced(scope) ? { slices: true, lease: order.leaseId } : {}),
  };
}

/** The handle of a lease that was to be cut in slices and is a whole session after all. */
export function wholeHandle(handle: SessionHandle, { ttlSeconds }: Order): SessionHandle {
  const { slices: _slices, lease: _lease, ...whole } = handle;
  return { ...whole, ...(handle.ttlSeconds !== undefined && { ttlSeconds }) };
}

/** Tags of the session; an agent whose id does not fit a tag is named by the digest of its id. */
export const tagsOf = (order: Order): { Key: string; Value: string }[] => [
  { Key: 'task', Value: order.taskId },
  { Key: 'agent', Value: tagValue(order.agent) },
  { Key: 'lease', Value: order.leaseId },
];

/** "[\p{L}\p{Z}\p{N}_.:/=+\-@]*", at most 256 (STS API reference, Tag). */
const tagValue = (text: string): string =>
  text.length <= 256 && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(text)
    ? text
    : `sha256:${createHash('sha256').update(text).digest('hex')}`;
