import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval } from '../approval/approval.js';
import type { Principal } from '../identity/principal.js';
import { findApproval } from './approvals.js';
import type { Ports } from './ports.js';

const lookEveryMs = 250;

/**
 * Waits for an answer, by looking: a waiter costs one read in a quarter of a second on the connection that everybody
 * shares, and no connection of its own. `gone`: nobody waits for it any more, or the process is stopping.
 */
export async function awaitApproval(
  ports: Ports,
  principal: Principal,
  id: string,
  waitMs: number,
  gone: () => boolean,
): Promise<Approval> {
  const until = performance.now() + waitMs;
  for (;;) {
    const approval = await findApproval(ports, principal, id);
    const leftMs = until - performance.now();
    if (approval.state !== 'pending' || leftMs <= 0 || gone()) return approval;
    await sleep(Math.min(lookEveryMs, leftMs));
  }
}

const mostWaits = 64;

/** How long a principal may wait: what it asked for, or not at all while it waits that often in this process. */
export type Waits = <Result>(
  principal: Principal,
  waitMs: number,
  work: (waitMs: number) => Promise<Result>,
) => Promise<Result>;

/** Each waiter holds a connection, and is looked for several times a second: nobody has more than a share of that. */
export function openWaits(): Waits {
  const waiting = new Map<string, number>();
  return async ({ id }, waitMs, work) => {
    const before = waiting.get(id) ?? 0;
    if (waitMs <= 0 || before >= mostWaits) return work(0);
    waiting.set(id, before + 1);
    try {
      return await work(waitMs);
    } finally {
      const left = waiting.get(id)! - 1;
      if (left > 0) waiting.set(id, left);
      else waiting.delete(id);
    }
  };
}
