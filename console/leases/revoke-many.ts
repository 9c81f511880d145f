import { signal } from '@preact/signals';
import type { LeaseShape } from '../../src/wire/lease.js';
import { ApiFault, post } from '../api.js';
import { session } from '../session.js';

/** One order to revoke many leases, while it is carried out. It outlives the page that gave it, and a reload. */
export interface Order {
  /** Who gave it: nobody else's name may stand under what is left of it. */
  readonly by: string;
  readonly reason: string;
  readonly left: readonly string[];
  readonly done: number;
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  /** The broker does not answer; it is asked again until it does. */
  readonly away: boolean;
  readonly over: boolean;
}

const key = 'protem.revoking';
const atOnce = 6;
const waitMs = 2000;

export const order = signal<Order | undefined>(restored());
let running = false;

function restored(): Order | undefined {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? undefined : { ...(JSON.parse(text) as Order), away: false };
  } catch {
    return undefined;
  }
}

function change(changes: Partial<Order>): void {
  if (!order.value) return;
  order.value = { ...order.value, ...changes };
  if (order.value.over) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, JSON.stringify(order.value));
}

export function revokeAll(ids: readonly string[], reason: string): void {
  const by = session.peek()?.principal ?? '';
  order.value = { by, reason, left: ids, done: 0, failed: [], away: false, over: false };
  carryOn();
}

export const dismiss = (): void => {
  sessionStorage.removeItem(key);
  order.value = undefined;
};

export function tryFailedAgain(): void {
  if (!order.value) return;
  const by = session.peek()?.principal ?? '';
  change({ by, left: order.value.failed.map(({ id }) => id), failed: [], over: false });
  carryOn();
}

/** What is left of an order of somebody else is ordered by whoever is signed in now. */
export function takeOver(): void {
  change({ by: session.peek()?.principal ?? '' });
  carryOn();
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
  while (order.value && order.value.left.length > 0) {
    // Signed out meanwhile: it waits for the same person to sign in again.
    if (!isOwn()) return change({ away: false });
    const batch = order.value.left.slice(0, atOnce);
    const { reason } = order.value;
    const outcomes = await Promise.all(batch.map((id) => revoke(id, reason)));
    const isSettled = (id: string) => outcomes.some((one) => one.id === id && one.is !== 'again');
    const { left, done, failed } = order.value;
    change({
      left: left.filter((id) => !isSettled(id)),
      done: done + outcomes.filter(({ is }) => is === 'done').length,
      failed: [...failed, ...outcomes.flatMap(({ id, is, why }) => (is === 'failed' ? [{ id, why }] : []))],
      away: outcomes.some(({ is }) => is === 'again'),
    });
    if (order.value.away) await new Promise((resolve) => setTimeout(resolve, waitMs));
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
