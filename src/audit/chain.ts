import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditEvent, AuditRecord } from './event.js';

export const chainStart = '0'.repeat(64);

/**
 * The hash of one record: SHA-256, hex, over the canonical JSON (RFC 8785) of its place, the hash before it and its
 * event. A record that is deleted, changed, moved or put in breaks every hash after it.
 */
export function linkHash(
  link: Pick<AuditRecord, 'seq' | 'id' | 'previous'> & { readonly event: AuditEvent },
): string {
  const { seq, id, previous, event } = link;
  return createHash('sha256')
    .update(canonicalize({ seq, id, previous, event }) ?? '')
    .digest('hex');
}
