import { present } from '../../kernel/present.js';
import { classOf } from './ocsf-class.js';
import { actorKind, agentKind } from './actor-kind.js';
import type { ActorKind } from './actor-kind.js';
import { membersOf, namesIn, textOf } from './told.js';
import type { ToldRecord } from './told.js';

/** Of the schema that the export is tested against. */
const ocsfVersion = '1.9.0-dev';

/** As OCSF names types of users. */
const userTypes = {
  unknown: { type_id: 0, type: 'Unknown' },
  person: { type_id: 1, type: 'User' },
  broker: { type_id: 3, type: 'System' },
  workload: { type_id: 4, type: 'Service' },
} as const satisfies Record<ActorKind, object>;
const otherActivity = 99;

/**
 * A record as an event of OCSF. `raw_data` is the record, so what is received can be verified; the fingerprint is that of
 * the chain. What has no place in OCSF (the intent, what was asked, lags) is in `unmapped`.
 */
export function ocsfEvent(record: ToldRecord, version: string) {
  const { event, chain, seq } = record;
  const known = classOf(event);
  const { task, agent, fault } = namesIn(record);
  const { type, ...rest } = event;
  return present({
    category_uid: 3,
    class_uid: known.class,
    activity_id: known.activity,
    activity_name: known.activity === otherActivity ? type : undefined,
    type_uid: known.class * 100 + known.activity,
    time: Date.parse(record.at),
    severity_id: known.severity,
    status_id: known.status,
    status_code: fault,
    message: type,
    metadata: present({
      version: ocsfVersion,
      product: { name: 'Protem', vendor_name: 'Protem', version },
      uid: `${chain}:${seq}`,
      sequence: seq,
      correlation_uid: task,
      event_code: type,
      log_name: 'audit',
      original_time: record.at,
      profiles: ['ai_operation', 'record_integrity'],
    }),
    actor: actorOf(record),
    ai_agent: agent === undefined ? undefined : { uid: agent, name: agent },
    ...particulars(record, known.class),
    attestation_list: [attestationOf(record)],
    raw_data: JSON.stringify(record),
    unmapped: rest,
  });
}

function attestationOf({ chain, seq, previous, hash }: ToldRecord) {
  const fingerprint = (value: string) => ({
    algorithm_id: 3,
    algorithm: 'SHA-256',
    value,
    serialization_id: 2,
    serialization: 'JCS',
  });
  return present({
    chain_uid: chain,
    uid: `${chain}:${seq}`,
    fingerprint: fingerprint(hash),
    prev_event: seq > 1 ? { uid: `${chain}:${seq - 1}`, fingerprint: fingerprint(previous) } : undefined,
  });
}

/** Who acted, in which session, and what policy said. */
function actorOf(record: ToldRecord) {
  const { event } = record;
  const { lease, agent, by } = namesIn(record);
  const decided = membersOf(event['decided']);
  const policies = Array.isArray(decided['because']) ? decided['because'].map(String) : [];
  const decision = textOf(decided['is']);
  const authorizations = (policies.length > 0 ? policies : [undefined]).map((uid) =>
    present({
      decision: decision === 'permit' ? 'allow' : decision,
      policy: present({ uid: uid ?? 'none', version: textOf(decided['policyDigest']) }),
    }),
  );
  return present({
    app_name: 'Protem',
    user: userOf(by ?? agent, actorKind(event)),
    authorizations: decision === undefined ? undefined : authorizations,
    session:
      lease === undefined
        ? undefined
        : present({
            uid: lease,
            issuer: textOf(event['issuer']),
            expiration_time: numberOf(event['expiresAt']),
          }),
  });
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

const userOf = (id: string | undefined, kind: ActorKind) =>
  id === undefined ? undefined : { uid: id, name: id, ...userTypes[kind] };

/** What the class asks for beside what all have. */
function particulars(record: ToldRecord, ofClass: number) {
  const { event } = record;
  const { lease, task, agent, by, entry } = namesIn(record);
  const nobody = { name: 'unknown', ...userTypes.unknown };
  const user = userOf(agent, agentKind(event)) ?? nobody;
  switch (ofClass) {
    case 3002:
      // Whoever signs in is the user, and acts.
      return { user: userOf(by ?? agent, actorKind(event)) ?? nobody, service: { name: 'Protem' } };
    case 3003:
      return { user, privileges: [entry ?? 'unknown'] };
    case 3007:
      return present({
        user:
          lease === undefined ? user : { ...user, programmatic_credentials: [{ uid: lease, type: 'lease' }] },
        resources: entry === undefined ? undefined : [{ uid: entry, name: entry, type: 'catalog entry' }],
      });
    default:
      return { entity: entityOf(record, lease ?? task ?? agent) };
  }
}

function entityOf({ event }: ToldRecord, id: string | undefined) {
  const digest = textOf(event['policyDigest']) ?? textOf(event['inForce']);
  if (id !== undefined) return { uid: id, name: id, type: event.type.split('.')[0]! };
  return digest === undefined
    ? { uid: 'protem', name: 'Protem', type: event.type.split('.')[0]! }
    : { uid: digest, name: 'policy bundle', type: 'policy' };
}
