import type { AuditRecordShape } from '../src/wire/audit.js';

/**
 * Computes the hash of each record anew, and where the log is whole that each holds the hash of the one before.
 * The place of the first record that does not hold; undefined when all do.
 */
export async function verifyLinks(
  records: readonly AuditRecordShape[],
  whole: boolean,
): Promise<number | undefined> {
  let before: AuditRecordShape | undefined;
  for (const record of records) {
    const { chain, seq, id, previous, event, hash } = record;
    if (whole && before && (before.hash !== previous || before.seq + 1 !== seq)) return seq;
    const digest = await sha256(canonicalJson(event));
    if ((await sha256(canonicalJson({ chain, digest, id, previous, seq }))) !== hash) return seq;
    before = record;
  }
  return undefined;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** RFC 8785, for what came from JSON. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
