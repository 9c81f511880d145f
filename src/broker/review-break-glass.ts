import type { BreakGlass } from '../approval/break-glass.js';
import { hasAddress, isSame } from '../approval/eligible.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { Page, PageQuery } from '../ledger/ledger.js';
import { requireKind } from './authorize.js';
import type { NewReview } from './broker.js';
import type { Ports } from './ports.js';

export async function listBreakGlass(
  ports: Ports,
  principal: Principal,
  query: PageQuery,
): Promise<Page<BreakGlass>> {
  requireKind(principal, 'operator');
  return ports.ledger.breakGlass.list(query);
}

/** BRG-03: by somebody who can judge it and did not take it; once. */
export async function reviewBreakGlass(
  ports: Ports,
  principal: Principal,
  id: string,
  { outcome, note }: NewReview,
): Promise<BreakGlass> {
  requireKind(principal, 'operator');
  if (!principal.roles.some((role) => role === 'admin' || role === 'approver'))
    throw new Fault('role.missing', 'A review is for an operator with the role "admin" or "approver".');
  const taken = await ports.ledger.breakGlass.find(id);
  if (!taken) throw new Fault('breakglass.unknown', 'There is no such emergency.');
  if (isSame(principal, taken.by) || hasAddress(principal, taken.email))
    throw new Fault('breakglass.own_review', 'Nobody reviews what they took themselves.');
  const review = { by: principal.id, at: ports.ledger.clock(), outcome, note };
  const event = {
    type: 'breakglass.reviewed' as const,
    breakGlass: id,
    task: taken.task,
    agent: taken.by,
    by: principal.id,
    outcome,
    note,
  };
  if (!(await ports.ledger.breakGlass.review(id, review, event)))
    throw new Fault('breakglass.reviewed', 'It was reviewed already.');
  return { ...taken, review };
}
