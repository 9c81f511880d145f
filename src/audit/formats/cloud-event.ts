import { present } from '../../kernel/present.js';
import { actorKind } from './actor-kind.js';
import type { ActorKind } from './actor-kind.js';
import { membersOf, namesIn, textOf } from './told.js';
import type { ToldRecord } from './told.js';

/** CloudEvents 1.0 section 3.1: what an event may have is at most this, so that everyone passes it on. */
export const largestEvent = 65_536;

/**
 * A record as a CloudEvent (1.0, JSON format). `data` is the record itself, so what is received can be verified.
 * Extensions: `sequence` (padded, so that it sorts as text), `correlationid` (the task), `causationid` (the evaluation that
 * decided), `authtype` and `authid` (who acted; never a claim or a token), `traceparent`.
 */
export function cloudEvent(record: ToldRecord) {
  const { lease, task, agent } = namesIn(record);
  return present({
    specversion: '1.0',
    id: record.id,
    source: `urn:protem:${record.chain}`,
    type: `protem.${record.event.type}`,
    subject: lease ?? task ?? agent,
    time: record.at,
    datacontenttype: 'application/json',
    sequence: String(record.seq).padStart(16, '0'),
    correlationid: task,
    causationid: textOf(membersOf(record.event['decided'])['evaluation']),
    traceparent: textOf(record.event['traceparent']),
    ...actorOf(record),
    data: record,
  });
}

/** As the auth context extension of CloudEvents names kinds of principals. */
const authtypes = {
  person: 'user',
  workload: 'service_account',
  broker: 'system',
  unknown: 'unknown',
} as const satisfies Record<ActorKind, string>;

function actorOf(record: ToldRecord): { readonly authtype: string; readonly authid?: string | undefined } {
  const { agent, by = agent } = namesIn(record);
  if (record.event.type.startsWith('identity.')) return { authtype: 'unauthenticated' };
  return { authtype: authtypes[actorKind(record.event)], authid: by };
}
