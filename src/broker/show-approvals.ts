import { isOfCredential, isOfDelegation, stateAt } from '../approval/approval.js';
import type { Approval } from '../approval/approval.js';
import { approverView } from '../approval/approver-view.js';
import type { ApproverView } from '../approval/approver-view.js';
import { inertIn } from '../approval/inert.js';
import type { Principal } from '../identity/principal.js';
import type { ApprovalQuery, Subject } from '../ledger/approval-ledger.js';
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
  const items = page.items.map((one) => ({ ...one, state: stateAt(one, now) }));
  // What has run out is taken off the list a moment later.
  return { ...page, items: query.pending ? items.filter(({ state }) => state === 'pending') : items };
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
    approvals.pastUse(approval.agent, subjectOf(approval), eventsBack),
    approvals.list({ agent: approval.agent, pageSize: approvalsBack }),
  ]);
  const before = earlier.items.find(
    (one) =>
      one.id !== approval.id && isAboutTheSame(one, approval) && one.requestedAt <= approval.requestedAt,
  );
  return inertIn(
    approverView({
      approval,
      task,
      entry: isOfCredential(approval) ? ports.policy().catalog.get(approval.request.entry) : undefined,
      agent: ports.inventory.agents.get(approval.agent),
      pastUse,
      before: before && { ...before, state: stateAt(before, ports.ledger.clock()) },
    }),
  );
}

function subjectOf(approval: Approval): Subject {
  if (isOfCredential(approval)) return { entry: approval.request.entry };
  if (isOfDelegation(approval)) return { delegate: approval.request.delegate };
  return { tool: approval.request.tool };
}

function isAboutTheSame(one: Approval, other: Approval): boolean {
  const [a, b] = [subjectOf(one), subjectOf(other)];
  return a.entry === b.entry && a.tool === b.tool && a.delegate === b.delegate;
}
