import { createHash } from 'node:crypto';
import { newWithdrawalId } from '../kernel/id.js';
import { ownerOf } from './inventory.js';
import type { Inventory } from './inventory.js';
import type { Ports } from './ports.js';

/**
 * Says by what this process decides; when that is new, every live lease is looked at again (POL-06). Before that the store
 * learns whose agents are by now, so that a block of their owner holds for them whether or not they ask again.
 */
export async function announceContext(
  { ledger, policy, inventory, log }: Pick<Ports, 'ledger' | 'policy' | 'inventory' | 'log'>,
  contextDigest: string,
): Promise<void> {
  if ((await ledger.withdrawals.context()) !== contextDigest)
    await ledger.agents.ownAll((agent) => ownerOf(inventory, agent));
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
  const all = [policyDigest, ownersNeeded, ownersIn(agents), [...(issuers ?? [])].toSorted()];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/** It is asked for several times a second; an inventory never changes, it is replaced. */
const known = new WeakMap<Inventory['agents'], string>();

function ownersIn(agents: Inventory['agents']): string {
  const before = known.get(agents);
  if (before !== undefined) return before;
  const owned = [...agents].flatMap(([id, { owner = '' }]) => (owner === '' ? [] : [`${id}\n${owner}`]));
  const digest = createHash('sha256').update(JSON.stringify(owned.toSorted())).digest('hex');
  known.set(agents, digest);
  return digest;
}
