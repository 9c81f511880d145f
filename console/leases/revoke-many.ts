import { signal } from '@preact/signals';
import type { LeaseShape } from '../../src/wire/lease.js';
import { ApiFault, post } from '../api.js';
import { session } from '../session.js';

/** One order to revoke many leases, while it is carried out. It outlives the page that gave it, and a reload. */
export interface Order {
  /** Who gave it: nobody else's name may stand under what is left of it. */
  readonly by: string;
  readonly reason: string;
  readonly ids: readonly string[];
  /** So many of them, from the first on, were answered; what was not is asked for again. */
  readonly answered: number;
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  /** The broker does not answer; it is asked again until it does. */
  readonly away: boolean;
  readonly over: boolean;
}

const atOnce = 6;
const waitMs = 2000;
const keptEveryMs = 500;

/** The order, and how far it is: apart, for there may be a hundred thousand leases in the one. */
const keys = { order: 'protem.revoking', progress: 'protem.revoking.progress' };

export const order = signal<Order | undefined>(restored());
let running = false;
let keptAt = -Infinity;

function restored(): Order | undefined {
  const read = (key: string) => JSON.parse(sessionStorage.getItem(key) ?? 'null') as Partial<Order> | null;
  try {
    const given = read(keys.order);
    return given ? ({ ...given, ...read(keys.progress), away: false, over: false } as Order) : undefined;
  } catch {
    return undefined;
  }
}

function keep(key: string, what: Partial<Order>): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(what));
  } catch {
    // There is no room for so many: it goes on, and only a reload would forget it.
  }
}

function forget(): void {
  for (const key of Object.values(keys)) sessionStorage.removeItem(key);
}

function begin({ ids, reason }: Pick<Order, 'ids' | 'reason'>, answered = 0): void {
  const by = session.peek()?.principal ?? '';
  order.value = { by, reason, ids, answered, failed: [], away: false, over: false };
  keep(keys.order, { by, reason, ids });
  keep(keys.progress, { answered, failed: [] });
  carryOn();
}

/** What is kept may be a little behind: what is ordered again for it is revoked once all the same. */
function change(changes: Partial<Order>): void {
  if (!order.value) return;
  order.value = { ...order.value, ...changes };
  if (order.value.over) return forget();
  if (performance.now() - keptAt < keptEveryMs) return;
  keptAt = performance.now();
  const { answered, failed } = order.value;
  keep(keys.progress, { answered, failed });
}

export const revokeAll = (ids: readonly string[], reason: string): void => begin({ ids, reason });

export const dismiss = (): void => {
  forget();
  order.value = undefined;
};

export function tryFailedAgain(): void {
  if (order.value) begin({ ids: order.value.failed.map(({ id }) => id), reason: order.value.reason });
}

/** What is left of an order of somebody else is ordered by whoever is signed in now. */
export function takeOver(): void {
  if (order.value) begin({ ...order.value, ids: order.value.ids.slice(order.value.answered) });
}

/** Whether it can go on: whoever gave the order is signed in. */
const isOwn = (): boolean => order.value?.by === session.peek()?.principal;

/** Revoking twice is revoking once, so whatever was not answered is simply asked for again. */
export function carryOn(): void {
  if (running || !order.value || order.value.over || !isOwn()) return;
  running = true;
  void work().finally(() => (running = false));
}

async function work(): Promise<void> {
  while (order.value && order.value.answered < order.value.ids.length) {
    // Signed out meanwhile: it waits for the same person to sign in again.
    if (!isOwn()) return change({ away: false });
    const { ids, answered, reason } = order.value;
    const batch = ids.slice(answered, answered + atOnce);
    const outcomes = await Promise.all(batch.map((id) => revoke(id, reason)));
    // Another order was given, or this one taken over, while it was asked.
    if (order.value?.ids !== ids) continue;
    if (outcomes.some(({ is }) => is === 'again')) {
      change({ away: true });
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      continue;
    }
    const failed = outcomes.flatMap(({ id, is, why }) => (is === 'failed' ? [{ id, why }] : []));
    change({
      answered: answered + batch.length,
      away: false,
      ...(failed.length > 0 && { failed: [...order.value.failed, ...failed] }),
    });
  }
  change({ over: true });
}

async function revoke(
  id: string,
  reason: string,
): Promise<{ id: string; is: 'done' | 'failed' | 'again'; why: string }> {
  try {
    await post<LeaseShape>(`/v1/leases/${id}/revoke`, { reason });
    return { id, is: 'done', why: '' };
  } catch (error) {
    const fault = error instanceof ApiFault ? error : new ApiFault({});
    const again = fault.retry || fault.code === 'identity.unproven';
    return { id, is: again ? 'again' : 'failed', why: `${fault.code}: ${fault.message}` };
  }
}
