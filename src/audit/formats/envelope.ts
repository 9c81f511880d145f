import { cloudEvent } from './cloud-event.js';
import { ocsfEvent } from './ocsf.js';
import { membersOf, textOf } from './told.js';
import type { ToldRecord } from './told.js';

type Json = Readonly<Record<string, unknown>>;

/** A record in another format: what stands around it is not chained, and says only what the record says. */
export interface Envelope {
  readonly format: 'cloudevents' | 'ocsf';
  readonly told: Json;
  readonly record: ToldRecord;
}

/**
 * The members that are not what this version makes of the record, such as "actor.user.uid". Which version made it is not in
 * the record: the one that an OCSF event names is taken as it is.
 */
export function differencesOf({ format, told, record }: Envelope): string[] {
  const version = textOf(membersOf(membersOf(told['metadata'])['product'])['version']);
  const made = format === 'ocsf' ? ocsfEvent(record, version ?? '') : cloudEvent(record);
  return [...differing(told, JSON.parse(JSON.stringify(made)), '')];
}

function* differing(told: unknown, made: unknown, at: string): Generator<string> {
  if (!isObject(told) || !isObject(made) || Array.isArray(told) !== Array.isArray(made)) {
    if (told !== made) yield at;
    return;
  }
  const step = Array.isArray(made) ? (name: string) => `[${name}]` : (name: string) => `.${name}`;
  for (const name of new Set([...Object.keys(made), ...Object.keys(told)])) {
    const where = at === '' ? name : `${at}${step(name)}`;
    if (!Object.hasOwn(told, name) || !Object.hasOwn(made, name)) yield where;
    else yield* differing(told[name], made[name], where);
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
