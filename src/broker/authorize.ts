import type { OperatorRole, Principal, PrincipalKind } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { Lease } from '../lease/lease.js';
import type { Task } from '../task/task.js';

/** OPS-04: agents have no operator rights, and operators cannot act as agents. */
export function requireKind(principal: Principal, ...kinds: PrincipalKind[]): void {
  if (!kinds.includes(principal.kind))
    throw new Fault(
      'role.missing',
      `This call is for ${kinds.join(' or ')} identities; yours is ${principal.kind}.`,
    );
}

/** Any of these roles will do. */
export function requireRole(principal: Principal, ...roles: readonly OperatorRole[]): void {
  requireKind(principal, 'operator');
  if (!roles.some((role) => principal.roles.includes(role)))
    throw new Fault(
      'role.missing',
      `This call needs the operator role ${roles.map((role) => `"${role}"`).join(' or ')}.`,
    );
}

/** Any operator may look; a caller that may not see a thing is told that it does not exist. */
export const mayLook = (principal: Principal, ...owners: string[]): boolean =>
  principal.kind === 'operator' || owners.includes(principal.id);

/** Its agent, whoever opened it, and everyone who delegated it. */
const ownersOf = ({ agent, openedBy, actors = [] }: Task): string[] => [
  agent,
  openedBy,
  ...actors.map(({ id }) => id),
];

export function visibleTask(principal: Principal, task: Task | undefined): Task {
  if (task && mayLook(principal, ...ownersOf(task))) return task;
  throw new Fault('task.unknown', 'There is no such task.');
}

/** Who sees the task sees its leases, as does the agent. */
export function visibleLease(principal: Principal, lease: Lease | undefined, task?: Task): Lease {
  if (lease && mayLook(principal, lease.agent, ...(task ? ownersOf(task) : []))) return lease;
  throw new Fault('lease.unknown', 'There is no such lease.');
}

/** What only the task's own agent may do: that others see the task gives them nothing of it. */
export function requireAgentOf(principal: Principal, task: Task): void {
  requireKind(principal, 'agent');
  if (principal.id !== task.agent)
    throw new Fault('role.missing', 'Only the agent of this task may do that.');
}
