import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { Lease } from '../lease/lease.js';
import type { LeaseQuery, Page } from '../ledger/ledger.js';
import { requireRole, visibleLease } from './authorize.js';
import type { ShownLease } from './broker.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';
import { findTask } from './tasks.js';

export async function findLease(ports: Ports, principal: Principal, id: string): Promise<Lease> {
  const lease = await ports.ledger.leases.find(id);
  const task =
    lease && principal.kind !== 'operator' && principal.id !== lease.agent
      ? await ports.ledger.tasks.find(lease.taskId)
      : undefined;
  return visibleLease(principal, lease, task);
}

export async function showLease(ports: Ports, principal: Principal, id: string): Promise<ShownLease> {
  const lease = await findLease(ports, principal, id);
  if (principal.kind !== 'operator' || (lease.state !== 'stuck' && lease.state !== 'revoking')) return lease;
  const nextAttemptAt = await ports.ledger.leases.dueAt(lease.provider, id);
  return nextAttemptAt === undefined ? lease : { ...lease, nextAttemptAt };
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
  if (principal.kind !== 'agent')
    throw new Fault(
      'role.missing',
      'An orchestrator sees the leases of its tasks: name one of them with "task".',
    );
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
