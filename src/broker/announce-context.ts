import { createHash } from 'node:crypto';
import { newWithdrawalId } from '../kernel/id.js';
import type { Inventory } from './inventory.js';
import type { Ports } from './ports.js';

/** Says by what this process decides; when that is new, every live lease is looked at again (POL-06). */
export async function announceContext(
  { ledger, policy, log }: Pick<Ports, 'ledger' | 'policy' | 'log'>,
  contextDigest: string,
): Promise<void> {
  const scope = { of: 'all', name: '' } as const;
  const reason = 'policy, catalog, inventory or issuers have changed';
  const by = 'broker';
  const what = 'evaluate';
  const cause = 'context_changed';
  const withdrawal = { id: newWithdrawalId(), what, scope, cause, by, reason, contextDigest } as const;
  const policyDigest = policy().digest;
  const begun = await ledger.withdrawals.announce(contextDigest, withdrawal, {
    type: 'withdrawal.begun',
    withdrawal: withdrawal.id,
    what,
    scope,
    by,
    reason,
    block: false,
    policyDigest,
  });
  if (begun) log.info({ revocation: withdrawal.id, policyDigest }, 'live leases are evaluated again');
}

/** Two processes with the same digest answer every request, and every lease, the same. */
export function digestOfContext(policyDigest: string, { agents, ownersNeeded, issuers }: Inventory): string {
  const owned = [...agents].filter(([, { owner = '' }]) => owner !== '').map(([id]) => id);
  const all = [policyDigest, ownersNeeded && owned.toSorted(), [...(issuers ?? [])].toSorted()];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}
