import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { newWithdrawalId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { Page, PageQuery } from '../ledger/ledger.js';
import type { Block, Progress, Withdrawal } from '../revocation/withdrawal.js';
import type { Along } from '../ledger/withdrawal-ledger.js';
import { requireKind, requireRole } from './authorize.js';
import type { BegunRevocation, RevokeMany } from './broker.js';
import { ownedBy } from './inventory.js';
import { requireKnown } from './known-names.js';
import type { Ports } from './ports.js';
import { endAndDispatch, findTask } from './tasks.js';

/**
 * REV-06: when it returns, nothing in the scope is issued or renewed any more, and that every lease in it ends is
 * written down for the worker, whatever becomes of this process. A task is fenced by its end instead of a block.
 */
export async function revokeMany(
  ports: Ports,
  principal: Principal,
  { scope, reason, block }: RevokeMany,
): Promise<BegunRevocation> {
  requireRole(principal, 'admin');
  if (scope.of === 'task') {
    await findTask(ports, principal, scope.name);
    const end = { outcome: 'cancelled', by: principal.id, via: 'revocation', reason } as const;
    await endAndDispatch(ports, scope.name, end);
  }
  await requireKnown(ports, scope);
  // An agent that has only delegated since it changed hands has not shown whose it is by now.
  if (scope.of === 'owner') await ports.ledger.agents.own(ownedBy(ports.inventory, scope.name), scope.name);
  const wanted = { scope, reason, cause: 'kill_switch', block: block && scope.of !== 'task' } as const;
  return (await beginRevocation(ports, principal.id, wanted))!;
}

/** `once`: where several processes see the same need. Undefined when one of them was first. */
export async function beginRevocation(
  ports: Pick<Ports, 'ledger'>,
  by: string,
  want: RevokeMany & {
    readonly cause: Withdrawal['cause'];
    readonly disabled?: true;
    readonly once?: Along['once'];
    readonly ended?: Along['ended'];
  },
): Promise<BegunRevocation | undefined> {
  const { scope, reason, cause } = want;
  const id = newWithdrawalId();
  const withdrawal: Withdrawal = { id, what: 'revoke', scope, cause, by, reason };
  const block = want.block ? blockFor(ports, withdrawal, want.disabled) : undefined;
  const event = {
    type: 'withdrawal.begun' as const,
    withdrawal: id,
    what: withdrawal.what,
    scope,
    by,
    reason,
    block: block !== undefined,
  };
  const begun = await ports.ledger.withdrawals.begin(
    withdrawal,
    present({ block, once: want.once, ended: want.ended }),
    event,
  );
  if (!begun) return undefined;
  const revocation = await ports.ledger.withdrawals.find(id);
  if (!revocation) throw new Fault('state.unavailable', 'The revocation could not be read again.');
  return { revocation, ...(begun.block && { block: begun.block }) };
}

const blockFor = (
  { ledger }: Pick<Ports, 'ledger'>,
  { id, scope, by, reason }: Withdrawal,
  disabled: true | undefined,
): Block => ({
  id: id.replace('rev_', 'blk_'),
  scope,
  by,
  reason,
  at: Math.round(ledger.clock()),
  ...(disabled && { disabled }),
});

export async function findRevocation(
  ports: Ports,
  principal: Principal,
  id: string,
): Promise<Withdrawal & Progress> {
  requireKind(principal, 'operator');
  const found = await ports.ledger.withdrawals.find(id);
  if (!found) throw new Fault('revocation.unknown', 'There is no such revocation.');
  return found;
}

export async function listRevocations(
  ports: Ports,
  principal: Principal,
  query: PageQuery,
): Promise<Page<Withdrawal & Progress>> {
  requireKind(principal, 'operator');
  return ports.ledger.withdrawals.list(query);
}
