import type { AuditRecordShape } from '../wire/audit.js';
import { plain } from './output.js';

/** A record of the log for a person to read: when, what, and what it is about, on one line. */
export function recordLine({ at, event: { type, ...about } }: AuditRecordShape): string {
  const told = Object.entries(about)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${plain(value)}`);
  return [at, plain(type).padEnd(20), ...told].join('  ').trimEnd();
}
