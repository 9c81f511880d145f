import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { shortAgent, troubleFrom } from '../words.js';

export const columns = ['state', 'agent', 'task', 'credential', 'ends', 'began'] as const;
export type Column = (typeof columns)[number];

export interface Sorting {
  readonly column: Column;
  readonly descending: boolean;
}

const stateRank: Record<LeaseShape['state'], number> = {
  stuck: 0,
  revoking: 2,
  active: 3,
  reserved: 4,
  revoked: 5,
  expired: 6,
};

export type Order = (lease: LeaseShape, now: number) => string;

/** What to sort by, as text. Unless told otherwise what is in trouble comes first, then what ends soonest. */
export function orderOf(column: Column, tasks: ReadonlyMap<string, TaskSummaryShape>): Order {
  switch (column) {
    case 'agent':
      return (lease) => `${shortAgent(lease.agent)} ${lease.expiresAt}`;
    case 'task':
      return (lease) => `${tasks.get(lease.task)?.intent ?? ''} ${lease.task}`;
    case 'credential':
      return (lease) => `${lease.credential} ${lease.expiresAt}`;
    case 'began':
      return (lease) => lease.reservedAt;
    case 'ends':
      return ({ revocation, expiresAt }) => revocation.endedAt ?? expiresAt;
    case 'state':
      return (lease, now) => `${rankOf(lease, now)} ${lease.expiresAt}`;
  }
}

const rankOf = (lease: LeaseShape, now: number): number =>
  lease.state !== 'stuck' && now > troubleFrom(lease) ? 1 : stateRank[lease.state];
