import { beforeAll, expect, test } from '@jest/globals';
import { CloudEvent, HTTP } from 'cloudevents';
import { eventDigest } from '../../src/audit/chain.js';
import { cloudEvent, largestEvent } from '../../src/audit/formats/cloud-event.js';
import { ocsfEvent } from '../../src/audit/formats/ocsf.js';
import type { ToldRecord } from '../../src/audit/formats/told.js';
import { verifyLog } from '../../src/audit/verify-log.js';
import { renderRecord } from '../../src/http/render.js';
import { eventTypes } from './event-types.js';
import { ocsfProblems } from './ocsf-judge.js';
import { textOf } from './logging.js';
import { tellEverything } from './telling.js';
import { tellAuthority } from './telling-authority.js';

let records: ToldRecord[];
let ofAuthority: ToldRecord[];

beforeAll(async () => {
  records = (await tellEverything()).records.map(renderRecord) as ToldRecord[];
  ofAuthority = (await tellAuthority()).map(renderRecord) as ToldRecord[];
});

/** One record of each type, as it was told here. */
const ofEachType = (): ToldRecord[] =>
  eventTypes().map((type) => {
    const told = [...records, ...ofAuthority].find(({ event }) => event.type === type);
    if (!told) throw new Error(`nothing told ${type}`);
    return told;
  });

test('AUD-06: the client library of CloudEvents reads every record, and finds it valid', () => {
  const all = ofEachType();
  expect(all.length).toBeGreaterThanOrEqual(47);
  for (const record of all) {
    const body = JSON.stringify(cloudEvent(record));
    expect(Buffer.byteLength(body)).toBeLessThan(largestEvent);
    const event = HTTP.toEvent({
      headers: { 'content-type': 'application/cloudevents+json' },
      body,
    }) as CloudEvent<unknown>;
    expect(event.validate()).toBe(true);
    expect(event.data).toEqual(record);
    const extensions = Object.keys(event).filter((name) => /^(?!data$)[a-z0-9]+$/.test(name));
    expect(extensions.every((name) => name.length <= 20)).toBe(true);
  }
});

test('AUD-06: a batch is read as a batch', () => {
  const body = JSON.stringify(records.map(cloudEvent));
  const events = HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents-batch+json' }, body });
  expect((events as CloudEvent<unknown>[]).map((event) => event.validate())).toEqual(records.map(() => true));
});

test('AUD-06: what belongs together is named by the same task, and whoever acted is named', () => {
  const active = records.find(({ event }) => event.type === 'lease.active')!;
  expect(cloudEvent(active)).toMatchObject({
    type: 'protem.lease.active',
    subject: active.event['lease'],
    correlationid: active.event['task'],
    authtype: 'service_account',
    authid: active.event['agent'],
    sequence: String(active.seq).padStart(16, '0'),
  });
  const reserved = records.find(({ event }) => event.type === 'lease.reserved')!;
  const { evaluation } = reserved.event['decided'] as { evaluation: string };
  expect(cloudEvent(reserved)).toMatchObject({ causationid: evaluation });
  const refused = records.find(({ event }) => event.type === 'identity.refused')!;
  expect(cloudEvent(refused)).toMatchObject({ authtype: 'unauthenticated' });
});

test('AUD-04: every type of event is valid by the schema of OCSF of the version that it names', () => {
  for (const record of ofEachType())
    expect([record.event.type, ocsfProblems(ocsfEvent(record, '0.1.0'))]).toEqual([record.event.type, []]);
});

test('AUD-04: issuing adds programmatic credentials and revoking removes them, with what decided', () => {
  const as = (type: string) =>
    ocsfEvent(
      records.find(({ event }) => event.type === type)!,
      '0.1.0',
    );
  expect(as('lease.active')).toMatchObject({ type_uid: 300718, status_id: 1 });
  expect(as('lease.revoked')).toMatchObject({ type_uid: 300719, status_id: 1 });
  expect(as('revocation.failed')).toMatchObject({
    type_uid: 300719,
    status_id: 2,
    status_code: 'provider.timeout',
  });
  expect(as('lease.reserved')).toMatchObject({
    type_uid: 300301,
    privileges: ['pretend-entry'],
    actor: { authorizations: [{ decision: 'allow', policy: { uid: 'allow-all', version: 'd1' } }] },
    unmapped: { intent: 'summarise the reports\nof <b>Q3</b>' },
  });
});

test('the judge of OCSF events finds what is wrong', () => {
  const event = ocsfEvent(records[0]!, '0.1.0') as Record<string, unknown>;
  const { time: _time, ...untimed } = event;
  expect(ocsfProblems(untimed)).toEqual(['time: missing']);
  expect(ocsfProblems({ ...event, severity_id: 12 })).toEqual(['severity_id: 12 is no value of it']);
  expect(ocsfProblems({ ...event, intent: 'x' })).toEqual(['intent: unknown']);
  expect(ocsfProblems({ ...event, entity: {} })).toHaveLength(1);
  expect(ocsfProblems({ ...event, type_uid: 1 })).toEqual(['type_uid: not class and activity']);
});

test.each<[string, (record: ToldRecord) => object]>([
  ['CloudEvents', cloudEvent],
  ['OCSF', (record) => ocsfEvent(record, '0.1.0')],
])('what was sent as %s can be verified as it came', async (_name, format) => {
  expect(await verifyLog(textOf(records.map(format)))).toMatchObject({
    records: records.length,
    last: records.length,
  });
  const changed = records.map((record, n) =>
    format(n === 4 ? { ...record, event: { ...record.event, intent: 'another' } } : record),
  );
  expect((await verifyLog(textOf(changed))).flaw).toMatchObject({ kind: 'changed', line: 5 });
});

type Json = Record<string, unknown>;

/** The fifth line with one member put to something else, "a.b" for one within another. */
function altered(events: readonly object[], path: string, value: unknown): object[] {
  const event = structuredClone(events[4]) as Json;
  const names = path.split('.');
  const holder = names.slice(0, -1).reduce((at, name) => at[name] as Json, event);
  if (value === undefined) delete holder[names.at(-1)!];
  else holder[names.at(-1)!] = value;
  return events.with(4, event);
}

test.each([
  ['authid', 'operator:mallory'],
  ['authtype', 'system'],
  ['type', 'protem.lease.revoked'],
  ['time', '2020-01-01T00:00:00.000Z'],
  ['subject', 'lse_zzzzzzzzzzzzzz'],
  ['source', 'urn:protem:chn_other'],
  ['sequence', '0000000000000001'],
  ['id', '1-0'],
  ['correlationid', undefined],
  ['approvedby', 'operator:mallory'],
])('AUD-03: a CloudEvent whose %s is not what its record says is found', async (member, value) => {
  const { flaw } = await verifyLog(textOf(altered(records.map(cloudEvent), member, value)));
  expect(flaw).toMatchObject({ kind: 'changed', line: 5, seq: 5 });
  expect(flaw?.what).toContain(` ${member} is not what this version makes of it`);
});

test.each([
  ['actor.user.uid', 'operator:mallory'],
  ['actor.user', undefined],
  ['time', 0],
  ['message', 'nothing happened'],
  ['status_id', 2],
  ['severity_id', 5],
  ['unmapped.intent', 'harmless'],
  ['metadata.uid', 'chn_other:5'],
])('AUD-03: an OCSF event whose %s is not what its record says is found', async (member, value) => {
  const events = records.map((record) => ocsfEvent(record, '0.1.0'));
  const { flaw } = await verifyLog(textOf(altered(events, member, value)));
  expect(flaw).toMatchObject({ kind: 'changed', line: 5, seq: 5 });
  expect(flaw?.what).toContain(` ${member} is not what this version makes of it`);
});

test('what another version wrote is told by its members, and its records can be verified alone', async () => {
  const older = records.map((record) => {
    const { metadata, ...event } = ocsfEvent(record, '0.0.9') as { readonly metadata: Json };
    return { ...event, status: 'Success', metadata: { ...metadata, version: '1.3.0' } };
  });
  const { flaw } = await verifyLog(textOf(older));
  expect(flaw?.what).toContain('around it metadata.version, status is not');
  expect(flaw?.what).toContain('another version');
  const alone = await verifyLog(textOf(older), { recordsOnly: true });
  expect([alone.flaw, alone.records]).toEqual([undefined, records.length]);
});

test('the version that an OCSF event names is not in its record, and is taken as it is', async () => {
  expect((await verifyLog(textOf(records.map((record) => ocsfEvent(record, '9.9.9'))))).flaw).toBeUndefined();
});

test('an envelope around a record that is not shown is not read', async () => {
  const { event, ...place } = records[0]!;
  const line = { ...cloudEvent(records[0]!), data: { ...place, digest: eventDigest(event) } };
  expect((await verifyLog(textOf([line]))).flaw).toMatchObject({ kind: 'unreadable', line: 1 });
});
