import { dispatchDue } from '../broker/dispatch-due.js';
import type { Ports } from '../broker/ports.js';
import type { RevokeOne } from '../revocation/revocation-queue.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

/** The longest the sweeper sleeps: a lease that was reserved meanwhile may be due before the one it waits for. */
const longestSleepMs = 500;
const busyBacklog = 400;
/** Jobs that wait for so long while the pool has nothing to do will not come by the queue. */
const undeliveredMs = 5000;
/** Leases that the sweeper itself revokes at once. */
const ownHands = 25;

export interface Pool {
  readonly revokeOne: RevokeOne;
  /** Whether this process has no revocation of the provider under way. */
  readonly idle: () => boolean;
}

/**
 * Finds what is due at one provider, on the ledger's time, in every worker and without a leader (I8): the ledger gives
 * each lease to one of them. It sleeps until the next is due, and not at all while there is more. The queue spreads the
 * work; while it takes nothing (Redis is full) or delivers nothing, the sweeper does it with its own hands.
 */
export function sweeper(
  ports: Pick<Ports, 'ledger' | 'queue' | 'log' | 'guard'>,
  provider: string,
  { revokeOne, idle }: Pool,
): Repeating {
  const revokeHere = async (leaseIds: readonly string[]) => {
    for (let from = 0; from < leaseIds.length; from += ownHands)
      await Promise.all(leaseIds.slice(from, from + ownHands).map((id) => revokeOne(id)));
  };
  const queueOrRevoke = (leaseIds: readonly string[]) =>
    ports.queue.add(provider, leaseIds).catch((error: unknown) => {
      ports.log.warn({ provider, err: error }, 'the queue takes nothing; leases are revoked without it');
      return revokeHere(leaseIds);
    });

  let waitsSince: number | undefined;
  const delivers = (backlog: number): boolean => {
    const now = ports.ledger.clock();
    waitsSince = backlog > 0 && idle() ? (waitsSince ?? now) : undefined;
    return waitsSince === undefined || now - waitsSince < undeliveredMs;
  };

  return repeat(async () => {
    const backlog = await ports.queue.backlog(provider);
    const delivering = delivers(backlog);
    if (delivering && backlog > busyBacklog) return longestSleepMs / 10;
    const swept = await dispatchDue(ports, provider, delivering ? queueOrRevoke : revokeHere);
    if (!swept || swept.nextDueAt === undefined) return longestSleepMs;
    return Math.max(1, Math.min(longestSleepMs, swept.nextDueAt - swept.now));
  }, ports.log);
}
