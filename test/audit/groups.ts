import { membersOf, textOf } from '../../src/audit/formats/told.js';
import type { ToldEvent, ToldRecord } from '../../src/audit/formats/told.js';

/** What AIMS asks of every record of an agent (section "Monitoring"). */
export const groups = ['agent', 'subject', 'resource', 'action', 'when', 'posture', 'remedy'] as const;
export type Group = (typeof groups)[number];

const has = (event: ToldEvent, ...names: string[]): boolean =>
  names.some((name) => event[name] !== undefined);

/** Which fields fill which group. */
const fills: Readonly<Record<Group, (record: ToldRecord) => boolean>> = {
  agent: ({ event }) =>
    (textOf(event['agent']) ?? textOf(event['subject'])) !== undefined ||
    membersOf(event['scope'])['of'] === 'agent',
  /** On whose behalf, or who else acted. */
  subject: ({ event }) => has(event, 'onBehalfOf', 'by', 'approver', 'source'),
  resource: ({ event }) =>
    has(
      event,
      'provider',
      'tools',
      'tool',
      'policyDigest',
      'inForce',
      'source',
      'delivery',
      'scope',
      'subject',
    ) || membersOf(event['asked'])['entry'] !== undefined,
  action: ({ event }) => /^[a-z]+\.[a-z_]+$/.test(event.type),
  /** The moment, and what the record belongs together with. */
  when: ({ at, event }) =>
    !Number.isNaN(Date.parse(at)) && has(event, 'task', 'lease', 'subject', 'withdrawal', 'block'),
  /** What was proven of who asked; or how risky someone trusted says that it is. */
  posture: ({ event }) => (has(event, 'issuer') && has(event, 'claims')) || has(event, 'level'),
  /** What became of it: its cause, its fault, its effect. */
  remedy: ({ event }) => has(event, 'cause', 'fault', 'effect', 'outcome', 'stand', 'state', 'reason'),
};

export const filledBy = (record: ToldRecord): readonly Group[] =>
  groups.filter((group) => fills[group](record));
