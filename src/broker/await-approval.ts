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
