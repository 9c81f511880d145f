import { createHash } from 'node:crypto';
import { leaseMark, taskMark } from '../../../kernel/id.js';
import type { Handle, Order } from '../../provider.js';
import type { AwsStsScope } from './scope.js';

/** Where a session is to be found in CloudTrail and in policies: names only. */
export type SessionHandle = Handle & {
  readonly role: string;
  readonly sessionName: string;
  readonly region: string;
  readonly sourceIdentity?: string;
};

/**
 * `<prefix>.<task>.<lease>`: `aws:userid` ends with it on every request of the session, so one wildcard
 * `*:<prefix>.<task>.*` names a whole task, and the SourceIdentity `<prefix>.<task>` does so across chained roles.
 */
export function planSession(
  order: Order,
  scope: Pick<AwsStsScope, 'role' | 'sourceIdentity'>,
  { sessionPrefix, region }: { readonly sessionPrefix: string; readonly region: string },
): SessionHandle {
  const task = `${sessionPrefix}.${taskMark(order.taskId)}`;
  return {
    role: scope.role,
    sessionName: `${task}.${leaseMark(order.leaseId)}`,
    region,
    ...(scope.sourceIdentity ? { sourceIdentity: task } : {}),
  };
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
