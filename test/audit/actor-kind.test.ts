import { beforeAll, describe, expect, test } from '@jest/globals';
import { cloudEvent } from '../../src/audit/formats/cloud-event.js';
import { ocsfEvent } from '../../src/audit/formats/ocsf.js';
import { actorKind } from '../../src/audit/formats/actor-kind.js';
import type { ToldEvent, ToldRecord } from '../../src/audit/formats/told.js';
import { renderRecord } from '../../src/http/render.js';
import { agent, otherAgent } from '../fake/broker-ports.js';
import { tellEverything } from './telling.js';
import { tellAuthority } from './telling-authority.js';

let told: ToldRecord[];

beforeAll(async () => {
  told = [...(await tellEverything()).records, ...(await tellAuthority())].map(renderRecord) as ToldRecord[];
});

const authOf = (record: ToldRecord) => cloudEvent(record) as { authtype?: string; authid?: string };
const userOf = (record: ToldRecord) =>
  (ocsfEvent(record, '0.1.0') as { actor?: { user?: { uid: string; type: string; type_id: number } } }).actor
    ?.user;

const workloads = new Set([agent.id, otherAgent.id, 'orchestrator:argo']);

describe('AUD-06: in the exports of a history', () => {
  test('no person is a machine, and no machine a person', () => {
    const named = told.filter((record) => authOf(record).authid !== undefined);
    expect(named.length).toBeGreaterThan(40);
    for (const record of named) {
      const { authid = '', authtype } = authOf(record);
      const isPerson = authid.startsWith('operator:');
      expect([record.event.type, authid, authtype]).not.toEqual([
        record.event.type,
        authid,
        isPerson ? 'service_account' : 'user',
      ]);
      if (workloads.has(authid) && authid.startsWith('spiffe:')) expect(authtype).toBe('service_account');
    }
  });

  test.each([
    'approval.decided',
    'approval.revoked',
    'breakglass.opened',
    'breakglass.reviewed',
    'breakglass.expired',
    'session.begun',
    'session.ended',
    'withdrawal.begun',
    'block.lifted',
    'agent.disabled',
    'agent.enabled',
    'agent.signalled',
  ])('%s is the act of a user', (type) => {
    const ofType = told.filter(({ event }) => event.type === type && event['by'] !== 'broker');
    expect(ofType.length).toBeGreaterThan(0);
    for (const record of ofType) {
      expect(authOf(record).authtype).toBe('user');
      expect(userOf(record)).toMatchObject({ type: 'User', type_id: 1 });
    }
  });

  test('the user of a sign-in is the operator who signs in', () => {
    const begun = told.find(({ event }) => event.type === 'session.begun')!;
    expect(ocsfEvent(begun, '0.1.0')).toMatchObject({
      user: { uid: 'operator:olga', type: 'User', type_id: 1 },
    });
  });

  test('a lease that an operator revoked was revoked by a user, and what its agent did by a service', () => {
    const revoking = told.find(({ event }) => event['cause'] === 'operator')!;
    expect(userOf(revoking)).toMatchObject({ uid: 'operator:olga', type: 'User' });
    const reserved = told.find(
      ({ event }) => event.type === 'lease.reserved' && event['agent'] === agent.id,
    )!;
    expect(userOf(reserved)).toMatchObject({ uid: agent.id, type: 'Service', type_id: 4 });
  });
});

const kindOf = (type: string, event: Partial<ToldEvent>) => actorKind({ type, ...event });

test.each<[string, ToldEvent]>([
  ['whose agent may be an operator', { type: 'lease.active', agent: 'github:7', lease: 'lse_1' }],
  ['that anybody may end', { type: 'task.ended', by: 'operator:olga', agent: 'github:7', via: 'call' }],
  ['of a transmitter', { type: 'agent.signalled', by: 'signal:https://idp.example', subject: 'github:7' }],
  ['of a hook', { type: 'task.ended', by: 'hook:ci', agent: 'github:7', via: 'hook:ci' }],
  [
    'of a call that was not for the caller',
    { type: 'credential.refused', agent: 'x:1', fault: 'role.missing' },
  ],
  [
    'of an emergency that was not for the caller',
    { type: 'breakglass.refused', agent: 'x:1', fault: 'role.missing' },
  ],
  ['of a type that is not known', { type: 'moon.landed', by: 'x:1' }],
])('AUD-06: who acted is unknown in an event %s', (_what, event) => {
  expect(actorKind(event)).toBe('unknown');
});

test('AUD-06: what the broker does by itself is of the system', () => {
  expect(kindOf('withdrawal.begun', { by: 'broker' })).toBe('broker');
  expect(kindOf('lease.revoking', { by: 'broker', agent: 'github:7', cause: 'kill_switch' })).toBe('broker');
  expect(kindOf('policy.loaded', {})).toBe('broker');
});

test('AUD-06: a workload without an SVID is a service where only workloads can act', () => {
  expect(kindOf('step.decided', { agent: 'github:7' })).toBe('workload');
  expect(kindOf('approval.requested', { agent: 'github:7', task: 'tsk_1' })).toBe('workload');
  expect(kindOf('task.opened', { agent: 'github:7', by: 'orchestrator:argo' })).toBe('workload');
});

test('AUD-06: who asks to take an emergency, and was let as far as that, is a person', () => {
  expect(kindOf('approval.requested', { agent: 'operator:olga', task: '' })).toBe('person');
  expect(kindOf('breakglass.refused', { agent: 'operator:olga', fault: 'policy.denied' })).toBe('person');
});
