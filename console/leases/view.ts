import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { isOver, troubleOf } from '../words.js';

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

/** What the API can be asked for of it; the rest is looked at here. */
export function apiQuery({ only, agent, provider, credential, effect, task }: View): string {
  const query = new URLSearchParams();
  const set = (name: string, value: string) => value !== '' && query.set(name, value);
  set('agent', agent);
  set('provider', provider);
  set('credential', credential);
  set('effect', effect);
  set('task', task);
  if (only === 'over') set('state', 'revoked');
  return query.toString();
}

export function belongs(
  lease: LeaseShape,
  task: TaskSummaryShape | undefined,
  view: View,
  now: number,
): boolean {
  return (
    isOfKind(lease, view.only, now) &&
    (view.agent === '' || lease.agent === view.agent) &&
    (view.provider === '' || lease.provider === view.provider) &&
    (view.credential === '' || lease.credential === view.credential) &&
    (view.effect === '' || lease.revocation.effect === view.effect) &&
    (view.task === '' || lease.task === view.task) &&
    (view.words === '' || textOf(lease, task).includes(view.words))
  );
}

function isOfKind(lease: LeaseShape, only: View['only'], now: number): boolean {
  switch (only) {
    case 'live':
      return !isOver(lease);
    case 'over':
      return isOver(lease);
    case 'ending':
      return lease.state === 'revoking' || lease.state === 'stuck';
    case 'soon':
      return !isOver(lease) && Date.parse(lease.expiresAt) - now < soonMs;
    case 'trouble':
      return troubleOf(lease, now) !== undefined;
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
