import type { BreakGlass } from '../approval/break-glass.js';
import { emailOf, requireStrongSignIn } from '../approval/eligible.js';
import type { Principal } from '../identity/principal.js';
import { Fault, faultCode } from '../kernel/fault.js';
import { newBreakGlassId, newTaskId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { Task } from '../task/task.js';
import { approvedFor } from './approved.js';
import { askPerson } from './ask-person.js';
import { requireRole } from './authorize.js';
import type { AwaitingApproval, BreakGlassRequest, EmergencyGrant } from './broker.js';
import { decide, PolicyRefusal } from './decide.js';
import type { Decided } from './decide.js';
import { checkDelivery, openDelivery } from './delivery.js';
import { issue } from './grant.js';
import type { Ports } from './ports.js';
import { endAndDispatch } from './tasks.js';

/** So that the task does not take a second from its one credential. */
const taskMarginMs = 2000;

/**
 * BRG-01 to BRG-04: an operator takes a credential in an emergency. Everything that holds for agents holds here, by the
 * action `breakGlass` of the policies, which permits nothing by itself; it is written down and announced before anything
 * is minted, and its task ends with it.
 */
export async function breakGlass(
  ports: Ports,
  principal: Principal,
  request: BreakGlassRequest,
): Promise<EmergencyGrant | AwaitingApproval> {
  const startedAt = performance.now();
  try {
    requireRole(principal, 'breakglass');
    requireStrongSignIn(principal, ports.limits.approvals);
    const wanted = { ...request, ttlSeconds: lifeOf(ports, request) };
    const approved = request.approval === undefined ? undefined : await approvedFor(ports, principal, wanted);
    const task = taskFor(ports, principal, wanted);
    const decided = decide(
      ports,
      principal,
      task,
      { ...wanted, task: task.id },
      { approved, action: 'breakGlass' },
    );
    const delivery = await openDelivery(ports, principal, undefined);
    checkDelivery(decided.entry, delivery);
    const taken = await open(ports, principal, wanted, task, decided);
    try {
      return { ...(await issue(ports, decided, delivery, undefined, startedAt)), breakGlass: taken };
    } catch (error) {
      await endAndDispatch(ports, task.id, { outcome: 'failed', by: principal.id, via: 'break-glass' });
      throw error;
    }
  } catch (error) {
    if (!(error instanceof PolicyRefusal && error.question && request.approval === undefined)) {
      await refused(ports, principal, request, error);
      throw error;
    }
    const ttlSeconds = lifeOf(ports, request);
    return { approval: await askPerson(ports, principal, { ...request, ttlSeconds }, error) };
  }
}

/** Its own maximum, beside that of the entry. */
function lifeOf(ports: Ports, { credential, ttlSeconds }: BreakGlassRequest): number {
  const entry = ports.policy().catalog.get(credential);
  if (!entry) throw new Fault('credential.unknown', 'There is no catalog entry of this name.');
  const most = ports.limits.breakGlassMaximumSeconds;
  if (ttlSeconds !== undefined && ttlSeconds > most)
    throw new Fault('ttl.invalid', `An emergency lasts ${most} seconds at most.`);
  return Math.min(ttlSeconds ?? entry.defaultTtlSeconds, most);
}

/** Not yet opened: policy decides on it first. */
function taskFor(
  ports: Ports,
  { id }: Principal,
  { reason, ticket, ttlSeconds }: BreakGlassRequest & { readonly ttlSeconds: number },
): Task {
  const now = ports.ledger.clock();
  return {
    id: newTaskId(),
    intent: reason,
    agent: id,
    openedBy: id,
    labels: { ticket, purpose: 'break-glass' },
    openedAt: now,
    deadlineAt: now + ttlSeconds * 1000 + taskMarginMs,
    state: 'open',
  };
}

async function open(
  ports: Ports,
  { id: by, issuer, claims }: Principal,
  { reason, ticket, approval }: BreakGlassRequest,
  task: Task,
  { asked, record, parameters, entry, ttlSeconds }: Decided,
): Promise<BreakGlass> {
  const { openedAt: _openedAt, state: _state, ...newTask } = task;
  if (!(await ports.ledger.tasks.open(newTask)))
    throw new Fault('state.unavailable', 'The task id is taken.', { reason: 'id collision' });
  const id = newBreakGlassId();
  return ports.ledger.breakGlass.open(
    present({
      ...{ id, task: task.id, by, email: emailOf({ claims }), entry: entry.name, parameters, ttlSeconds },
      ...{ reason, ticket, approval },
    }),
    present({
      type: 'breakglass.opened' as const,
      breakGlass: id,
      task: task.id,
      agent: by,
      issuer,
      claims,
      asked,
      decided: record,
      ticket,
      approval,
    }),
  );
}

async function refused(
  ports: Ports,
  { id, issuer, claims }: Principal,
  { credential, reason, ticket }: BreakGlassRequest,
  error: unknown,
): Promise<void> {
  if (['state.unavailable', 'state.full'].includes(faultCode(error))) return;
  await ports.ledger.log.record({
    type: 'breakglass.refused',
    task: '',
    agent: id,
    issuer,
    claims,
    fault: faultCode(error),
    asked: { entry: credential, reason },
    ticket,
    ...(error instanceof PolicyRefusal && { decided: error.record }),
  });
}
