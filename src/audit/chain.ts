import { createHash } from 'node:crypto';

export const chainStart = '0'.repeat(64);

/**
 * The hash of one record: SHA-256 over its place, the hash before it and the event's text exactly as stored, so
 * that a record deleted, changed, reordered or inserted breaks every hash after it.
 */
export const linkHash = (previous: string, seq: number, id: string, eventText: string): string =>
  createHash('sha256').update(`${previous}\n${seq}\n${id}\n${eventText}`).digest('hex');
