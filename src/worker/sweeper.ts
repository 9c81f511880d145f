import { dispatchDue } from '../broker/dispatch-due.js';
import type { Ports } from '../broker/ports.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

/** The longest the sweeper sleeps: a lease that was reserved meanwhile may be due before the one it waits for. */
const longestSleepMs = 500;
const busyBacklog = 400;

/**
 * Finds what is due at one provider, on the ledger's time, in every worker and without a leader (I8): the ledger gives
 * each lease to one of them. It sleeps until the next is due, and not at all while there is more.
 */
export const sweeper = (ports: Pick<Ports, 'ledger' | 'queue' | 'log'>, provider: string): Repeating =>
  repeat(async () => {
    if ((await ports.queue.backlog(provider)) > busyBacklog) return longestSleepMs / 10;
    const swept = await dispatchDue(ports, provider);
    if (!swept || swept.nextDueAt === undefined) return longestSleepMs;
    return Math.max(1, Math.min(longestSleepMs, swept.nextDueAt - swept.now));
  }, ports.log);
