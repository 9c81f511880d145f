import { namesWritten } from '../kernel/names-written.js';
import { eventDigest, linkHash } from './chain.js';
import type { Link } from './chain.js';
import type { Envelope } from './formats/envelope.js';
import type { ToldRecord } from './formats/told.js';

/** One line of an export, whichever its format: a place in the chain, and the event or only its digest. */
export interface LogLine extends Link {
  readonly hash: string;
  /** Absent where the record is not shown. */
  readonly event?: { readonly type: string; readonly [name: string]: unknown };
  readonly digest: string;
  /** Absent where the line is the record itself. */
  readonly envelope?: Envelope;
}

/** A line that is not a record, or not one that can be trusted to read the same everywhere. */
export class UnreadableLine extends Error {}

type Json = Readonly<Record<string, unknown>>;

const shown = ['at', 'chain', 'event', 'hash', 'id', 'previous', 'seq'];
const hidden = ['at', 'chain', 'digest', 'hash', 'id', 'previous', 'seq'];

/**
 * Reads a line of JSON Lines, of CloudEvents (the record is `data`) or of OCSF (the record is the text `raw_data`).
 * @throws UnreadableLine
 */
export function readLogLine(text: string): LogLine {
  const whole = parsed(text);
  if (typeof whole['specversion'] === 'string') return enclosed('cloudevents', whole, whole['data']);
  if (typeof whole['class_uid'] === 'number' && typeof whole['raw_data'] === 'string')
    return enclosed('ocsf', whole, parsed(whole['raw_data']));
  return recordOf(whole);
}

function enclosed(format: Envelope['format'], told: Json, record: unknown): LogLine {
  const line = recordOf(record);
  if (!line.event) throw new UnreadableLine('it tells of a record that is not shown');
  return { ...line, envelope: { format, told, record: record as ToldRecord } };
}

function parsed(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableLine('it is not JSON');
  }
  if (!isJson(value)) throw new UnreadableLine('it is not a JSON object');
  // Of two equal names this reader takes the last and others the first: only one of them would be proven.
  if (namesIn(value) !== namesWritten(text)) throw new UnreadableLine('a name stands twice in it');
  return value;
}

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const member of Object.values(value)) count += namesIn(member);
  return count;
}

function recordOf(value: unknown): LogLine {
  if (!isJson(value)) throw new UnreadableLine('it holds no record');
  const names = Object.keys(value).sort().join();
  const { chain, seq, id, previous, hash, at, event, digest } = value;
  if (names !== shown.join() && names !== hidden.join())
    throw new UnreadableLine('it has not the members of a record, or has others');
  if (typeof chain !== 'string' || typeof id !== 'string' || typeof at !== 'string')
    throw new UnreadableLine('its "chain", "id" or "at" is no text');
  if (!Number.isSafeInteger(seq) || (seq as number) < 1) throw new UnreadableLine('its "seq" is no place');
  if (!isHash(previous) || !isHash(hash)) throw new UnreadableLine('its "previous" or "hash" is no hash');
  // `at` is not chained, as it says what `id` says.
  if (Date.parse(at) !== Number(id.split('-')[0]))
    throw new UnreadableLine('its "at" is not that of its "id"');
  const place = { chain, seq: seq as number, id, previous, hash };
  if (isHash(digest)) return { ...place, digest };
  if (!isJson(event) || typeof event['type'] !== 'string')
    throw new UnreadableLine('its "event" is no event, or its "digest" no hash');
  return { ...place, event: event as LogLine['event'] & object, digest: eventDigest(event) };
}

const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/** Whether the record is what was chained. */
export const isIntact = (line: LogLine): boolean => linkHash(line, line.digest) === line.hash;
