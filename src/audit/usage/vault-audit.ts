import { leaseIdPattern } from '../../kernel/id.js';
import { membersOf, textOf } from '../formats/told.js';
import type { Use } from './use.js';

/**
 * A call in a line of an audit device of Vault or OpenBao, when a token made it that a Protem made for a lease: its
 * metadata say so, and audit devices do not hash those. Answers are counted, not requests: they know whether it was
 * refused.
 */
export function useInVaultAudit(line: unknown): Use | undefined {
  const { type, time, auth, request, error } = membersOf(line);
  if (type !== 'response') return undefined;
  const { metadata, display_name: displayName } = membersOf(auth);
  const { lease, task, broker } = membersOf(metadata);
  const { path, operation } = membersOf(request);
  if (typeof lease !== 'string' || !leaseIdPattern.test(lease)) return undefined;
  if (typeof path !== 'string' || typeof operation !== 'string') return undefined;
  // The broker made this token; its own making is told with the token of the broker.
  return {
    at: Date.parse(textOf(time) ?? ''),
    action: operation,
    resource: path,
    lease,
    ...(typeof task === 'string' && { task }),
    by: textOf(displayName) ?? lease,
    ...(typeof broker === 'string' && { of: broker }),
    refused: textOf(error) !== undefined,
  };
}
