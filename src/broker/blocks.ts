import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { Block } from '../revocation/withdrawal.js';
import { requireKind, requireRole } from './authorize.js';
import type { Ports } from './ports.js';

export async function listBlocks(ports: Ports, principal: Principal): Promise<readonly Block[]> {
  requireKind(principal, 'operator');
  return ports.ledger.withdrawals.blocks();
}

/** What was blocked may be issued again. Nothing that was revoked comes back. */
export async function liftBlock(
  ports: Ports,
  principal: Principal,
  id: string,
  reason: string,
): Promise<Block> {
  requireRole(principal, 'admin');
  const block = (await ports.ledger.withdrawals.blocks()).find((each) => each.id === id);
  if (!block || !(await lift(ports, block, principal.id, reason)))
    throw new Fault('block.unknown', 'There is no block of this id.');
  return block;
}

export const lift = (
  { ledger }: Pick<Ports, 'ledger'>,
  block: Block,
  by: string,
  reason: string,
): Promise<boolean> =>
  ledger.withdrawals.lift(
    block,
    block.disabled
      ? { type: 'agent.enabled', subject: block.scope.name, by, reason }
      : { type: 'block.lifted', block: block.id, scope: block.scope, by, reason },
  );
