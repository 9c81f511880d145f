import type { AuditRecordShape } from '../src/wire/audit.js';
import { span } from './span.js';
import { causeOf, effectWords } from './words.js';

/** In words, or a moment in ms since the epoch. */
type Fact = readonly [name: string, value: string | { readonly at: number }];

/** One event as a person would tell it. */
export interface Told {
  readonly title: string;
  readonly tone: 'plain' | 'good' | 'bad' | 'asks';
  readonly facts: readonly Fact[];
  readonly lease: string | undefined;
}

const titles: Record<string, string> = {
  'task.opened': 'Task opened',
  'task.delegated': 'Delegated: a part of a task was handed on',
  'task.ended': 'Task ended: nothing more is issued for it',
  'credential.refused': 'A credential was refused',
  'step.refused': 'A tool call was refused',
  'delegation.refused': 'A delegation was refused',
  'lease.reserved': 'Policy permitted it; the lease was written down',
  'lease.active': 'Made at the provider and handed over',
  'lease.mint_failed': 'The provider did not make it',
  'lease.renewing': 'Renewal permitted',
  'lease.renew_failed': 'The provider did not renew it',
  'lease.renew_refused': 'A renewal was refused',
  'lease.revoking': 'Its end was asked for',
  'lease.denied': 'A deny of it stands at the provider',
  'lease.revoked': 'Revoked',
  'lease.expired': 'Over at the provider by itself',
  'revocation.failed': 'An attempt to revoke it failed',
  'lease.quarantined': 'Its record cannot be read',
  'lease.reindexed': 'It was missing from the index, and put back',
  'lease.readable': 'Its record can be read again',
  'orphan.revoked': 'A credential that no lease stands for was taken back',
  'ledger.accepted': 'A state store that had gone back was accepted',
  'identity.refused': 'Somebody did not prove who they are',
  'policy.loaded': 'Policy is in force',
  'approval.requested': 'A person is asked',
  'approval.expired': 'Nobody answered in time',
  'breakglass.opened': 'An operator broke the glass',
  'breakglass.refused': 'Breaking the glass was refused',
  'breakglass.reviewed': 'An emergency was reviewed',
  'withdrawal.begun': 'A revocation of many began',
  'withdrawal.ended': 'All leases of a revocation of many were told to end',
};

const bad = /refused|failed|quarantined|orphan/;
const good = /^lease\.(active|revoked|renewed|expired)$/;

type Event = AuditRecordShape['event'];

/** Where one type of event has several ends. */
const decidedTitles: Record<string, string> = {
  'step.decided permit': 'A tool call was permitted',
  'step.decided ask': 'A tool call waits for a person',
  'step.decided deny': 'A tool call was denied',
  'credential.refused ask': 'A credential waits for a person',
  'approval.decided approve': 'A person has approved',
  'approval.decided deny': 'A person has denied it',
};

const nameOf = (type: string, decision: string): string =>
  decidedTitles[`${type} ${decision}`] ??
  titles[type] ??
  `${type.charAt(0).toUpperCase()}${type.slice(1).replaceAll(/[._]/g, ' ')}`;

export function storyOf(event: Event): Told {
  const { type } = event;
  const facts: Fact[] = [];
  const say = (name: string, value: unknown) => {
    if (typeof value === 'string' && value !== '') facts.push([name, value]);
    else if (typeof value === 'number' || typeof value === 'boolean') facts.push([name, String(value)]);
  };
  const when = (name: string, value: unknown) => {
    if (typeof value === 'number') facts.push([name, { at: value }]);
  };
  say('by', event['by']);
  say('via', event['via']);
  say('on behalf of', event['onBehalfOf']);
  if (type === 'task.opened' || type === 'task.delegated') say('intent', event['intent']);
  if (isRecord(event['act'])) say('to', event['act']['sub']);
  if (type === 'delegation.refused') {
    say('to', event['delegate']);
    sayAsserted(event['asserted'], say);
  }
  if (type.startsWith('step.')) say('tool', event['tool']);
  if (typeof event['cause'] === 'string') say('because', causeOf(event['cause']));
  say('reason given', event['reason']);
  sayAsked(event['asked'], say);
  sayDecided(event['decided'], say);
  say('outcome', event['outcome']);
  say('fault', event['fault']);
  if (typeof event['effect'] === 'string')
    say('what revoking does', effectWords[event['effect'] as keyof typeof effectWords] ?? event['effect']);
  if (typeof event['ttlSeconds'] === 'number') say('granted for', span(event['ttlSeconds'] * 1000));
  if (isRecord(event['parameters'])) say('granted only', JSON.stringify(event['parameters']));
  when('until', event['expiresAt']);
  when('deadline', event['deadlineAt']);
  say('attempt', event['attempt']);
  if (typeof event['retryInMs'] === 'number') say('tried again in', span(event['retryInMs']));
  if (typeof event['lagMs'] === 'number') say('after', span(event['lagMs']));
  const decision = decisionOf(event);
  const isBad = event['stuck'] === true || bad.test(type) || decision === 'deny';
  const tone = decision === 'ask' ? 'asks' : isBad ? 'bad' : good.test(type) ? 'good' : 'plain';
  const lease = event['lease'];
  return { title: nameOf(type, decision), tone, facts, lease: typeof lease === 'string' ? lease : undefined };
}

const decisionOf = ({ decided, decision }: Event): string => {
  const is = isRecord(decided) ? decided['is'] : decision;
  return typeof is === 'string' ? is : '';
};

type Say = (name: string, value: unknown) => void;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Of a delegation that was refused: all of it in the agent's words. */
function sayAsserted(asserted: unknown, say: Say): void {
  if (!isRecord(asserted)) return;
  say('the agent says that it is for', asserted['intent']);
  const allowed = isRecord(asserted['scope']) ? asserted['scope']['allowed'] : undefined;
  if (Array.isArray(allowed))
    say('asked for', allowed.map((each: unknown) => (isRecord(each) ? each['credential'] : '')).join(', '));
}

function sayAsked(asked: unknown, say: Say): void {
  if (!isRecord(asked)) return;
  say('asked for', asked['entry']);
  if (isRecord(asked['parameters']) && Object.keys(asked['parameters']).length > 0)
    say('with', JSON.stringify(asked['parameters']));
  if (typeof asked['ttlSeconds'] === 'number') say('for', span(asked['ttlSeconds'] * 1000));
  say('tool', asked['tool']);
  say('on', asked['target']);
  say('to delegate to', asked['delegate']);
  say('the agent says that it is for', asked['intent']);
  say('the agent says', asked['reason']);
}

function sayDecided(decided: unknown, say: Say): void {
  if (!isRecord(decided)) return;
  const because = Array.isArray(decided['because']) ? decided['because'].join(', ') : '';
  say('policy', `${String(decided['is'])}${because === '' ? '' : `: ${because}`}`);
  if (Array.isArray(decided['errors']) && decided['errors'].length > 0)
    say('policy errors', decided['errors'].join('; '));
}
