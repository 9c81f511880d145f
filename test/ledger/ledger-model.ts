import type { RevocationEffect } from '../../src/issuance/provider.js';
import type { LeaseState, RevocationCause } from '../../src/lease/lease.js';

/** What the ledger should be, told as simply as it can be: plain values, no time but "now" and "later". */
export interface Model {
  tasks: Record<string, { ended: boolean; events: string[] }>;
  leases: Record<string, ModelLease>;
  idempotency: Record<string, { digest: string; lease: string }>;
}

export interface ModelLease {
  task: string;
  entry: string;
  provider: string;
  state: LeaseState;
  effect: RevocationEffect;
  cause: RevocationCause | undefined;
  attempts: number;
  handle: number;
  /** Whether the provider may still be minting; `over`: that has passed, without anybody saying so. */
  minting: 'yes' | 'over' | 'no';
  /** When its credential ends by itself. */
  ends: 'past' | 'later';
  unending: boolean;
  /** The renewal under way, or that was under way when nobody finished it. */
  renewal: { id: string; over: boolean } | undefined;
  renewals: number;
  /** A provider said that it lives on, whatever became of the renewal. */
  mayLiveOn: boolean;
  due: 'now' | 'later' | 'never';
  events: string[];
}

export const emptyModel = (): Model => ({ tasks: {}, leases: {}, idempotency: {} });

export const isOver = ({ state }: ModelLease): boolean => state === 'revoked' || state === 'expired';

/** From reserved or active to revoking; what is on its way is only hurried. */
function begin(lease: ModelLease, cause: RevocationCause, due: 'now' | 'later' = 'now'): void {
  if (isOver(lease)) return;
  if (lease.state === 'reserved' || lease.state === 'active') {
    lease.state = 'revoking';
    lease.cause = cause;
    lease.events.push(`lease.revoking ${cause}`);
  }
  lease.due = due;
}

export function openTask(model: Model, task: string): string {
  if (model.tasks[task]) return 'taken';
  model.tasks[task] = { ended: false, events: ['task.opened'] };
  return 'open';
}

export interface Reservation {
  readonly id: string;
  readonly task: string;
  readonly provider: string;
  readonly effect: RevocationEffect;
  readonly minting: 'yes' | 'over';
  readonly byOwner: boolean;
  readonly entry: string;
  readonly caps: { readonly ofAgent?: number; readonly ofEntry?: number; readonly inAll?: number };
  readonly idempotency: { readonly key: string; readonly digest: string } | undefined;
}

export function reserve(model: Model, asked: Reservation): string {
  const task = model.tasks[asked.task];
  if (!task || !asked.byOwner) return 'task.unknown';
  if (task.ended) return 'task.ended';
  if (model.leases[asked.id]) return 'state.unavailable';
  const seen = asked.idempotency && model.idempotency[asked.idempotency.key];
  if (seen && seen.digest !== asked.idempotency?.digest) return 'idempotency.reused';
  const before = seen && model.leases[seen.lease];
  if (before?.state === 'reserved' && before.minting === 'yes') return 'idempotency.in_flight';
  const live = Object.values(model.leases).filter((lease) => !isOver(lease));
  const { ofAgent = Infinity, ofEntry = Infinity, inAll = Infinity } = asked.caps;
  const ofThis = live.filter(({ entry }) => entry === asked.entry);
  if (live.length >= Math.min(ofAgent, inAll) || ofThis.length >= ofEntry) return 'lease.limit';
  if (before) begin(before, 'superseded');
  if (asked.idempotency)
    model.idempotency[asked.idempotency.key] = { digest: asked.idempotency.digest, lease: asked.id };
  model.leases[asked.id] = {
    task: asked.task,
    entry: asked.entry,
    provider: asked.provider,
    state: 'reserved',
    effect: asked.effect,
    cause: undefined,
    attempts: 0,
    handle: 0,
    minting: asked.minting,
    ends: 'later',
    unending: false,
    renewal: undefined,
    renewals: 0,
    mayLiveOn: false,
    due: asked.minting === 'over' ? 'now' : 'later',
    events: ['lease.reserved'],
  };
  return 'reserved';
}

export function learn(model: Model, id: string, handle: number): string {
  const lease = model.leases[id];
  if (!lease || isOver(lease)) return 'provider.timeout';
  lease.handle = handle;
  return 'learned';
}

export function activate(
  model: Model,
  id: string,
  minted: { readonly ends: 'past' | 'later' | 'never'; readonly effect: RevocationEffect },
): string {
  const lease = model.leases[id];
  if (!lease || isOver(lease)) return 'not for you';
  const { ends, effect } = minted;
  Object.assign(lease, { minting: 'no', effect, unending: lease.unending || ends === 'never' });
  if (ends !== 'never') Object.assign(lease, { ends, mayLiveOn: lease.renewal !== undefined });
  if (lease.state === 'reserved' && !model.tasks[lease.task]!.ended) {
    lease.state = 'active';
    lease.due = lease.ends === 'past' ? 'now' : 'later';
    lease.events.push('lease.active');
    return 'active';
  }
  begin(lease, 'task_end');
  return 'not for you';
}

export function abandon(model: Model, id: string, settled: boolean): void {
  const lease = model.leases[id];
  if (!lease || isOver(lease)) return;
  if (settled && lease.minting !== 'no' && !lease.renewal)
    Object.assign(lease, { minting: 'no', ends: 'later' });
  lease.events.push('lease.mint_failed');
  begin(lease, 'mint_unresolved');
}

/** Far enough ahead of every end that there is something to gain. */
export function beginRenewal(model: Model, id: string, renewal: { id: string; over: boolean }): string {
  const lease = model.leases[id];
  if (!lease) return 'lease.unknown';
  if (model.tasks[lease.task]!.ended) return 'task.ended';
  if (lease.state !== 'active' || lease.ends === 'past') return 'lease.not_active';
  if (lease.renewal?.over === false) return 'lease.renewing';
  Object.assign(lease, { renewal: { ...renewal }, minting: renewal.over ? 'over' : 'yes' });
  lease.events.push('lease.renewing');
  return 'begun';
}

export function finishRenewal(model: Model, id: string, renewal: string): string {
  const lease = model.leases[id];
  if (!lease || lease.state === 'reserved') return 'lease.not_active';
  const ended = model.tasks[lease.task]!.ended;
  const mine = lease.renewal?.id === renewal;
  if (mine && lease.state === 'active') {
    Object.assign(lease, { renewal: undefined, minting: 'no', due: 'later', ends: 'later' });
    lease.renewals++;
    lease.events.push('lease.renewed');
    return 'renewed';
  }
  if (!isOver(lease)) {
    if (mine) Object.assign(lease, { renewal: undefined, minting: 'no' });
    lease.mayLiveOn = true;
    if (lease.state !== 'active') begin(lease, 'task_end');
  }
  return ended ? 'task.ended' : lease.state === 'active' ? 'lease.renewing' : 'lease.not_active';
}

export function failRenewal(
  model: Model,
  id: string,
  renewal: string,
  how: { readonly settled: boolean; readonly takeBack: boolean },
): void {
  const lease = model.leases[id];
  if (!lease || isOver(lease) || lease.renewal?.id !== renewal) return;
  if (how.settled) Object.assign(lease, { renewal: undefined, minting: 'no' });
  lease.events.push('lease.renew_failed');
  if (how.takeBack || lease.state !== 'active') begin(lease, 'mint_unresolved');
}

export function revoke(model: Model, id: string): string {
  const lease = model.leases[id];
  if (!lease) return 'unknown';
  begin(lease, 'operator');
  return lease.state;
}

export function endTask(model: Model, id: string): string {
  const task = model.tasks[id];
  if (!task) return 'unknown';
  if (task.ended) return 'already';
  task.ended = true;
  task.events.push('task.ended');
  for (const lease of Object.values(model.leases)) if (lease.task === id) begin(lease, 'task_end');
  return 'ended';
}

export function claim(model: Model, provider: string): string[] {
  const due = Object.entries(model.leases).filter(
    ([, lease]) => lease.provider === provider && lease.due === 'now',
  );
  for (const [, lease] of due)
    begin(lease, lease.state === 'reserved' ? 'mint_unresolved' : 'expiry', 'later');
  return due.map(([id]) => id).sort();
}

export type Came =
  | { readonly is: 'revoked' | 'expired' }
  | { readonly is: 'waiting'; readonly again: 'now' | 'later' }
  | { readonly is: 'failed'; readonly again: 'now' | 'later'; readonly stuck: boolean };

export function settle(model: Model, id: string, came: Came): string {
  const lease = model.leases[id];
  if (!lease || isOver(lease)) return 'nothing';
  if (lease.state === 'reserved' || lease.state === 'active') return lease.state;
  if (came.is === 'failed') {
    lease.attempts++;
    lease.due = came.again;
    if (came.stuck) lease.state = 'stuck';
    lease.events.push('revocation.failed');
  } else if (came.is === 'waiting') lease.due = came.again;
  else if (lease.minting === 'yes' || (came.is === 'expired' && (lease.ends === 'later' || lease.mayLiveOn)))
    lease.due = 'later';
  else {
    Object.assign(lease, {
      state: came.is,
      due: 'never',
      minting: 'no',
      renewal: undefined,
      attempts: lease.attempts + 1,
    });
    lease.events.push(`lease.${came.is}`);
  }
  return lease.state;
}
