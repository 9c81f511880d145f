import { beforeAll, expect, test } from '@jest/globals';
import type { ToldRecord } from '../../src/audit/formats/told.js';
import { renderRecord } from '../../src/http/render.js';
import { eventTypes } from './event-types.js';
import { filledBy, groups } from './groups.js';
import type { Group } from './groups.js';
import { tellAuthority } from './telling-authority.js';
import { tellEverything } from './telling.js';
import type { Told } from './telling.js';

let told: Told;
let records: ToldRecord[];
/** The same of approvals, emergencies, delegation, steps and what operators stop: two histories, one after the other. */
let ofAuthority: ToldRecord[];

beforeAll(async () => {
  told = await tellEverything();
  records = told.records.map(renderRecord) as ToldRecord[];
  ofAuthority = (await tellAuthority()).map(renderRecord) as ToldRecord[];
});

/**
 * What a record cannot say, because nobody knows it then: an unproven caller has no name, a policy no agent; a lease that
 * the store has lost no one's claims. Everything else is in the record, or in those before it of the same lease and task.
 */
const unknown: Readonly<Record<string, readonly Group[]>> = {
  'identity.refused': ['agent', 'subject', 'resource', 'when', 'posture'],
  'hook.refused': ['agent', 'when', 'posture'],
  'hook.accepted': ['agent', 'posture', 'remedy'],
  'policy.loaded': ['agent', 'subject', 'when', 'posture', 'remedy'],
  'policy.refused': ['agent', 'subject', 'when', 'posture', 'remedy'],
  'settings.loaded': ['agent', 'subject', 'resource', 'when', 'posture', 'remedy'],
  'settings.refused': ['agent', 'subject', 'resource', 'when', 'posture', 'remedy'],
  'ledger.accepted': ['agent', 'resource', 'when', 'posture'],
  // Before anything was decided.
  'task.opened': ['posture', 'remedy'],
};

/**
 * The same of what an operator does to an agent, or to many leases at once: it is about no one proof. What is begun has
 * nothing that came of it yet, and an emergency is taken for nobody else.
 */
const unknownOfAuthority: Readonly<Record<string, readonly Group[]>> = {
  'agent.disabled': ['posture'],
  'agent.enabled': ['posture'],
  'block.lifted': ['agent', 'posture'],
  'breakglass.opened': ['remedy'],
  'breakglass.refused': ['subject'],
  'task.delegated': ['remedy'],
  'task.opened': ['resource', 'posture', 'remedy'],
  'withdrawal.begun': ['agent', 'posture'],
  'withdrawal.ended': ['posture'],
};

/** The record of the same lease that has what was asked and decided, and that of the opening of its task. */
const before = ({ seq, event }: ToldRecord): ToldRecord[] =>
  records.filter(
    (other) =>
      other.seq < seq &&
      other.event['task'] === event['task'] &&
      (other.event.type === 'task.opened' ||
        (other.event.type === 'lease.reserved' &&
          [other.event['lease'], undefined].includes(event['lease'] as string))),
  );

/** What names the same task, question, emergency or withdrawal, and was told before. */
const behind = (record: ToldRecord): ToldRecord[] => {
  const names = ['task', 'approval', 'breakGlass', 'withdrawal'].filter((name) => record.event[name]);
  return ofAuthority.filter(
    (other) =>
      other.chain === record.chain &&
      other.seq <= record.seq &&
      names.some((name) => other.event[name] === record.event[name]),
  );
};

test('AUD-01: of every type of event the seven groups are there, by itself or by what it belongs to', () => {
  const ofTheTask = records.filter(({ event }) => event['task'] === told.task);
  const types = new Set(ofTheTask.map(({ event }) => event.type));
  expect(types.size).toBeGreaterThanOrEqual(13);
  for (const record of ofTheTask) {
    const filled = new Set([record, ...before(record)].flatMap(filledBy));
    const missing = groups.filter((group) => !filled.has(group));
    expect([record.event.type, missing]).toEqual([record.event.type, unknown[record.event.type] ?? []]);
  }
});

test('AUD-01: nothing is left out: every type that the code can tell is in these histories', () => {
  const types = new Set([...records, ...ofAuthority].map(({ event }) => event.type));
  expect(eventTypes().filter((type) => !types.has(type))).toEqual([]);
});

test('AUD-01: the same of persons who are asked, emergencies, sub-tasks, steps, and what operators stop', () => {
  const missing = new Map<string, readonly Group[]>();
  for (const record of ofAuthority) {
    const filled = new Set([record, ...behind(record)].flatMap(filledBy));
    const lacks = groups.filter((group) => !filled.has(group));
    if (lacks.length > 0) missing.set(record.event.type, lacks);
  }
  expect(Object.fromEntries(missing)).toEqual(unknownOfAuthority);
});

test('AUD-01: what belongs to no task says what is known, and the table says what is not', () => {
  for (const [type, missing] of Object.entries(unknown)) {
    const record = records.find(({ event }) => event.type === type);
    expect([type, record && groups.filter((group) => !filledBy(record).includes(group))]).toEqual([
      type,
      missing,
    ]);
  }
});

test('AUD-01: a refusal says by itself who asked, what was proven of them, for what, and why not', () => {
  const refused = records.find(
    ({ event }) => event.type === 'credential.refused' && event['decided'] !== undefined,
  )!;
  expect(filledBy(refused)).toEqual([...groups]);
  expect(refused.event).toMatchObject({
    onBehalfOf: 'user:ann',
    claims: { team: 'finance' },
    asked: { entry: 'pretend-entry', tool: 'read', reason: 'Q3', ttlSeconds: 60 },
    decided: { is: 'permit' },
    fault: 'provider.refused',
  });
});

test('AUD-02: one query by the lease has its whole path, in order, with what was asked and what decided', async () => {
  const { items } = await told.ledger.log.read({ subject: told.lease, pageSize: 100 });
  expect(items.map(({ event }) => event.type)).toEqual([
    'task.opened',
    'lease.reserved',
    'lease.active',
    'lease.renewing',
    'lease.renewed',
    'lease.renewing',
    'lease.renew_failed',
    'lease.renew_refused',
    'lease.renew_refused',
    'lease.revoking',
    'revocation.failed',
    'task.ended',
    'lease.revoked',
  ]);
  const [opened, reserved] = items.map(({ event }) => event);
  expect(opened).toMatchObject({ intent: 'summarise the reports\nof <b>Q3</b>', tools: ['read', 'write'] });
  expect(reserved).toMatchObject({
    asked: { entry: 'pretend-entry', tool: 'read', reason: 'Q3' },
    decided: {
      is: 'permit',
      because: ['allow-all'],
      policyDigest: 'd1',
      evaluation: expect.stringMatching(/^req_/),
    },
    claims: { team: 'finance' },
  });
  expect(items.find(({ event }) => event.type === 'lease.revoking')?.event).toMatchObject({
    cause: 'operator',
    by: 'operator:olga',
    reason: 'no longer needed',
  });
  const { event: revoked } = items.at(-1)!;
  expect(revoked).toMatchObject({ cause: 'operator', effect: 'revoked_at_provider' });
  expect('lagMs' in revoked && revoked.lagMs).toBeGreaterThanOrEqual(0);
});

test('AUD-02: one query by the task has all of its requests, the refused ones too; one by the agent has its tasks', async () => {
  const all = records.filter(({ event }) => event['task'] === told.task).map(({ seq }) => seq);
  const byTask = await told.ledger.log.read({ subject: told.task, pageSize: 100 });
  expect(byTask.items.map(({ seq }) => seq)).toEqual(all);
  expect(byTask.items.filter(({ event }) => event.type === 'credential.refused')).toHaveLength(2);
  const byAgent = await told.ledger.log.read({ subject: 'spiffe://example.org/agent/a', pageSize: 100 });
  expect(byAgent.items.map(({ seq }) => seq)).toEqual(expect.arrayContaining(all));
});
