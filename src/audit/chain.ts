import { hash } from 'node:crypto';
import type { AuditRecord } from './event.js';

export const chainStart = '0'.repeat(64);

/** What of a record is chained beside its event. */
export type Link = Pick<AuditRecord, 'chain' | 'seq' | 'id' | 'previous'>;

/** SHA-256, hex, over the canonical JSON (RFC 8785) of the event: stands for it where it is not shown. */
export const eventDigest = (event: unknown): string => hash('sha256', canonicalJson(event), 'hex');

/**
 * The hash of one record: SHA-256, hex, over the canonical JSON of its chain, its place, the hash before it and the
 * digest of its event. A record that is deleted, changed, moved or put in breaks every hash after it; one that is not
 * shown leaves its digest, and the chain can be followed through it.
 */
export const linkHash = ({ chain, seq, id, previous }: Link, digest: string): string =>
  hash('sha256', linkJson(chain, digest, id, previous, seq), 'hex');

/** The canonical JSON of its members, which are spelled in their order; it is made for every record. */
const linkJson = (chain: string, digest: string, id: string, previous: string, seq: number): string =>
  `{"chain":${quoted(chain)},"digest":${quoted(digest)},"id":${quoted(id)},"previous":${quoted(previous)},"seq":${seq}}`;

export const recordHash = (record: Link & { readonly event: unknown }): string =>
  linkHash(record, eventDigest(record.event));

// No quote, backslash, control character or surrogate: such text is its own spelling.
const plain = /^[ !#-[\]-~]*$/;
const quoted = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text));

/**
 * RFC 8785 for what came from JSON: no number that is not one, nothing circular. Strings and numbers are spelled there
 * as ECMAScript spells them. Every record is chained, and the package that is made for it takes twice as long.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let text = '';
  for (const name of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
