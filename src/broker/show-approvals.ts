import { stateAt } from '../approval/approval.js';
import type { Approval } from '../approval/approval.js';
import { approverView } from '../approval/approver-view.js';
import type { ApproverView } from '../approval/approver-view.js';
import { inertIn } from '../approval/inert.js';
import type { Principal } from '../identity/principal.js';
import type { ApprovalQuery } from '../ledger/approval-ledger.js';
import type { Page } from '../ledger/ledger.js';
import { requireKind } from './authorize.js';
import type { Ports } from './ports.js';

/** Operators see all, everyone else what they asked for themselves. */
export async function listApprovals(
  ports: Ports,
  principal: Principal,
  query: ApprovalQuery,
): Promise<Page<Approval>> {
  requireKind(principal, 'operator', 'agent');
  const own = principal.kind === 'operator' ? query : { ...query, agent: principal.id };
  const page = await ports.ledger.approvals.list(own);
  const now = ports.ledger.clock();
  return { ...page, items: page.items.map((one) => ({ ...one, state: stateAt(one, now) })) };
}

/** How far back it is looked for what the agent did before: audit events, and approvals. */
const eventsBack = 500;
const approvalsBack = 50;

/** What a person decides on; for operators alone, and all of it inert. */
export async function viewApproval(
  ports: Ports,
  principal: Principal,
  approval: Approval,
): Promise<ApproverView | undefined> {
  if (principal.kind !== 'operator') return undefined;
  const { approvals, tasks } = ports.ledger;
  const [task, pastUse, earlier] = await Promise.all([
    approval.task === undefined ? undefined : tasks.find(approval.task),
    approvals.pastUse(approval.agent, approval.request.entry, eventsBack),
    approvals.list({ agent: approval.agent, pageSize: approvalsBack }),
  ]);
  const before = earlier.items.find(
    ({ id, request, requestedAt }) =>
      id !== approval.id && request.entry === approval.request.entry && requestedAt <= approval.requestedAt,
  );
  return inertIn(
    approverView({
      approval,
      task,
      entry: ports.policy().catalog.get(approval.request.entry),
      agent: ports.inventory.agents.get(approval.agent),
      pastUse,
      before: before && { ...before, state: stateAt(before, ports.ledger.clock()) },
    }),
  );
}
