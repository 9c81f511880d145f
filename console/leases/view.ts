import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { isOver, troubleFrom } from '../words.js';

/** Which leases are listed; the query of the page says the same. */
export interface View {
  readonly only: 'live' | 'trouble' | 'soon' | 'ending' | 'over';
  readonly agent: string;
  readonly provider: string;
  readonly credential: string;
  readonly effect: string;
  readonly task: string;
  /** Words that have to stand somewhere in what is shown. */
  readonly words: string;
}

export const kinds: readonly (readonly [View['only'], string])[] = [
  ['live', 'Live'],
  ['trouble', 'In trouble'],
  ['soon', 'Ending within 5 minutes'],
  ['ending', 'Being revoked'],
  ['over', 'Over'],
];

const soonMs = 300_000;

export function viewOf(query: URLSearchParams): View {
  const word = (name: string) => query.get(name)?.trim() ?? '';
  const only = kinds.find(([kind]) => kind === query.get('view'))?.[0] ?? 'live';
  return {
    only,
    agent: word('agent'),
    provider: word('provider'),
    credential: word('credential'),
    effect: word('effect'),
    task: word('task'),
    words: word('words').toLowerCase(),
  };
}

/** The lists to ask the API for, one after the other, which hold all of it; the rest is looked at here. */
export function queriesOf({ only, agent, provider, credential, effect, task }: View): string[] {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ agent, provider, credential, effect, task }))
    if (value !== '') query.set(name, value);
  const states = only === 'over' ? ['revoked', 'expired'] : [undefined];
  return states.map((state) => {
    if (state !== undefined) query.set('state', state);
    return query.toString();
  });
}

/** Whether it is one of those that the API was asked for, as far as those in the same lists differ in it. */
export const isAskedFor = (lease: LeaseShape, view: View): boolean =>
  (view.agent === '' || lease.agent === view.agent) &&
  (view.provider === '' || lease.provider === view.provider) &&
  (view.credential === '' || lease.credential === view.credential) &&
  (view.effect === '' || lease.revocation.effect === view.effect) &&
  (view.task === '' || lease.task === view.task) &&
  isOver(lease) === (view.only === 'over');

/** Of those, whether it is listed now. */
export const isListed = (
  lease: LeaseShape,
  task: TaskSummaryShape | undefined,
  { only, words }: View,
  now: number,
): boolean => isOfKind(lease, only, now) && (words === '' || textOf(lease, task).includes(words));

/** When time alone changes whether or where it is listed, in ms since the epoch. */
export function turnsOf(lease: LeaseShape, { only }: View): number[] {
  const trouble = troubleFrom(lease);
  return only === 'soon' ? [trouble, Date.parse(lease.expiresAt) - soonMs] : [trouble];
}

function isOfKind(lease: LeaseShape, only: View['only'], now: number): boolean {
  switch (only) {
    case 'live':
    case 'over':
      return true;
    case 'ending':
      return lease.state === 'revoking' || lease.state === 'stuck';
    case 'soon':
      return Date.parse(lease.expiresAt) - now < soonMs;
    case 'trouble':
      return now > troubleFrom(lease);
  }
}

const textOf = (lease: LeaseShape, task: TaskSummaryShape | undefined): string =>
  [
    lease.id,
    lease.task,
    lease.agent,
    lease.credential,
    lease.reason ?? '',
    task?.intent ?? '',
    task?.onBehalfOf ?? '',
  ]
    .join(' ')
    .toLowerCase();
