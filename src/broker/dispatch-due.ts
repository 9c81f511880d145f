import type { Ports } from './ports.js';

const claimSize = 500;

/**
 * Moves what is due at a provider from the ledger to the queue, or to where it is told. Anyone may call it at any time:
 * the ledger hands each lease to one caller, and what this process loses on the way is due again. Returns when the next
 * is due, both on the ledger's clock. A failure here is nobody's answer: the sweeper does the same a moment later.
 */
export async function dispatchDue(
  ports: Pick<Ports, 'ledger' | 'queue' | 'log' | 'guard'>,
  provider: string,
  carry = (leaseIds: readonly string[]) => ports.queue.add(provider, leaseIds),
): Promise<{ nextDueAt: number | undefined; now: number } | undefined> {
  try {
    for (;;) {
      const { leaseIds, nextDueAt, now } = await ports.ledger.leases.claimDue(provider, claimSize, {
        hasGoneBack: ports.guard?.hasGoneBack() === true,
      });
      await carry(leaseIds);
      if (leaseIds.length < claimSize) return { nextDueAt, now };
    }
  } catch (error) {
    ports.log.warn({ provider, err: error }, 'due leases could not be put to work; they stay due');
    return undefined;
  }
}
