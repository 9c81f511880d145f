import type { LeaseShape } from '../src/wire/lease.js';
import type { TaskSummaryShape } from '../src/wire/task.js';
import { span } from './span.js';

export const counted = (count: number, what: string): string =>
  `${count.toLocaleString()} ${what}${count === 1 ? '' : 's'}`;

type State = LeaseShape['state'];
type Effect = LeaseShape['revocation']['effect'];
type Cause = NonNullable<LeaseShape['revocation']['cause']>;

export const stateWords: Record<State, string> = {
  reserved: 'being made',
  active: 'active',
  revoking: 'being revoked',
  revoked: 'revoked',
  expired: 'expired',
  stuck: 'stuck',
};

/** What ending it really does, so that a stranger knows what to expect. */
export const effectWords: Record<Effect, string> = {
  revoked_at_provider: 'The provider deletes it',
  denied_by_policy: 'A deny at the provider stops it',
  stops_renewing: 'It dies within minutes, not at once',
  expires_only: 'Nothing stops it before its end',
};

export const causeWords: Record<Cause, string> = {
  expiry: 'its time was up',
  task_end: 'its task ended',
  operator: 'an operator revoked it',
  released: 'the agent gave it back',
  superseded: 'a retried request replaced it',
  mint_unresolved: 'making it failed half way',
  policy_changed: 'policy no longer permits it',
  context_changed: 'what it was permitted for has changed',
  kill_switch: 'an operator stopped it',
};

export const causeOf = (cause: string): string => causeWords[cause as Cause] ?? cause.replaceAll('_', ' ');

export const isOver = (lease: LeaseShape): boolean => lease.state === 'revoked' || lease.state === 'expired';

/** Ends are asked for and over within seconds; what takes longer an operator should know of. */
export const lateMs = 30_000;

/** From when on somebody should look at it, if it stays as it is, in ms since the epoch; Infinity for never. */
export function troubleFrom(lease: LeaseShape): number {
  const { requestedAt } = lease.revocation;
  if (lease.state === 'stuck') return -Infinity;
  if (lease.state === 'revoking')
    return requestedAt === undefined ? Infinity : Date.parse(requestedAt) + lateMs;
  return isOver(lease) ? Infinity : Date.parse(lease.expiresAt) + lateMs;
}

/** Why somebody should look at it; undefined for a lease that is as it should be. */
export function troubleOf(lease: LeaseShape, now: number): string | undefined {
  if (now <= troubleFrom(lease)) return undefined;
  const { requestedAt, attempts, lastFault } = lease.revocation;
  const fault = lastFault === undefined ? '' : `, last ${lastFault}`;
  if (lease.state === 'stuck')
    return `cannot be revoked: ${lastFault ?? 'no answer'}, ${counted(attempts, 'attempt')}`;
  if (lease.state === 'revoking') return `its end is late by ${span(now - Date.parse(requestedAt!))}${fault}`;
  return `nobody has taken it back for ${span(now - Date.parse(lease.expiresAt))}`;
}

/** What will end it, or has. */
export function endingOf(lease: LeaseShape, task: TaskSummaryShape | undefined): string {
  const { cause } = lease.revocation;
  if (cause !== undefined) return `${isOver(lease) ? 'because' : 'at the latest:'} ${causeOf(cause)}`;
  if (task?.state === 'open' && Date.parse(task.deadline) < Date.parse(lease.expiresAt))
    return 'or when its task ends, at its deadline before that';
  return 'or when its task ends';
}

/** The narrowed scope: what the parameters have left of the entry. */
export const scopeOf = (lease: LeaseShape): string =>
  Object.entries(lease.parameters)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join(' · ');

/** The end of a SPIFFE ID, which is what people know an agent by. */
export const shortAgent = (id: string): string => /^spiffe:\/\/[^/]+\/(.+)$/.exec(id)?.[1] ?? id;
