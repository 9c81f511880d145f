import type { Principal } from '../identity/principal.js';
import { isOver } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import type { LeaseQuery, Page } from '../ledger/ledger.js';
import { requireKind, requireRole, visibleLease } from './authorize.js';
import type { BlastRadius } from './broker.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';
import { endAndDispatch, findTask } from './tasks.js';

export async function findLease(ports: Ports, principal: Principal, id: string): Promise<Lease> {
  const lease = await ports.ledger.leases.find(id);
  const task =
    lease && principal.kind !== 'operator' && principal.id !== lease.agent
      ? await ports.ledger.tasks.find(lease.taskId)
      : undefined;
  return visibleLease(principal, lease, task);
}

export async function listLeases(
  ports: Ports,
  principal: Principal,
  query: LeaseQuery,
): Promise<Page<Lease>> {
  if (principal.kind === 'operator') return ports.ledger.leases.list(query);
  if (query.task !== undefined) {
    await findTask(ports, principal, query.task);
    return ports.ledger.leases.list(query);
  }
  requireKind(principal, 'agent');
  return ports.ledger.leases.list({ ...query, agent: principal.id });
}

/** The agent gives it back, or an operator takes it. Answers at once; the worker does the rest. */
export async function revokeLease(
  ports: Ports,
  principal: Principal,
  id: string,
  reason?: string,
): Promise<Lease> {
  const lease = await findLease(ports, principal, id);
  if (principal.kind === 'operator') requireRole(principal, 'admin');
  const cause = principal.kind === 'operator' ? 'operator' : 'released';
  const revoking = await ports.ledger.leases.revoke(id, cause, principal.id, reason);
  await dispatchDue(ports, lease.provider);
  return revoking ?? lease;
}

const pageSize = 500;

/** Everything of one task: issuing is blocked first, because the task is ended, then its leases go. */
export async function revokeTask(
  ports: Ports,
  principal: Principal,
  taskId: string,
  { dryRun, reason }: { readonly dryRun: boolean; readonly reason?: string },
): Promise<BlastRadius> {
  requireRole(principal, 'admin');
  await findTask(ports, principal, taskId);
  if (dryRun) return { dryRun, leases: await leasesOfTree(ports, taskId, (lease) => !isOver(lease.state)) };
  const by = { by: principal.id, via: 'revocation', ...(reason !== undefined && { reason }) };
  const { again } = await endAndDispatch(ports, taskId, { outcome: 'cancelled', ...by });
  const went = (lease: Lease) => !isOver(lease.state) || (!again && lease.cause === 'task_end');
  return { dryRun, leases: await leasesOfTree(ports, taskId, went) };
}

/** Of a task and all below it. */
async function leasesOfTree(ports: Ports, task: string, which: (lease: Lease) => boolean): Promise<Lease[]> {
  const tasks = [task, ...(await ports.ledger.tasks.below(task))];
  return (await Promise.all(tasks.map((one) => leasesOf(ports, one, which)))).flat();
}

async function leasesOf(ports: Ports, task: string, which: (lease: Lease) => boolean): Promise<Lease[]> {
  const leases: Lease[] = [];
  for (let pageToken: string | undefined, first = true; first || pageToken !== undefined; first = false) {
    const page = await ports.ledger.leases.list({ task, pageSize, ...(pageToken && { pageToken }) });
    leases.push(...page.items.filter(which));
    pageToken = page.nextPageToken;
  }
  return leases;
}
