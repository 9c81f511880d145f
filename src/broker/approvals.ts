import { grantedBy, isOfCredential, isOfDelegation, stateAt } from '../approval/approval.js';
import type { Answer, Approval } from '../approval/approval.js';
import { emailOf, requireApprover } from '../approval/eligible.js';
import { isEnough } from '../approval/enough.js';
import { widerParameters } from '../approval/narrower.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import type { ParameterValues } from '../policy/catalog.js';
import { parseParameters } from '../policy/parameters.js';
import { requireKind, requireRole } from './authorize.js';
import type { NewAnswer } from './broker.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';
import { viewApproval } from './show-approvals.js';
import { endAndDispatch } from './tasks.js';

/** Its requester sees it, and any operator; for everyone else there is no such approval. */
export async function findApproval(ports: Ports, principal: Principal, id: string): Promise<Approval> {
  const approval = await ports.ledger.approvals.find(id);
  if (!approval || (principal.kind !== 'operator' && approval.agent !== principal.id))
    throw new Fault('approval.unknown', 'There is no such approval.');
  return { ...approval, state: stateAt(approval, ports.ledger.clock()) };
}

/** Who stands behind the request, as far as the broker knows: whoever asks, those who delegated to it, whom it delegates to. */
async function involvedIn(ports: Ports, approval: Approval) {
  const task = approval.task === undefined ? undefined : await ports.ledger.tasks.find(approval.task);
  const below = isOfDelegation(approval) ? [approval.request.delegate] : [];
  const agents = [approval.agent, ...below, ...(task?.actors ?? []).map(({ id }) => id)];
  const owners = [...agents.map((id) => ports.inventory.agents.get(id)?.owner), task?.onBehalfOf];
  const { claims } = approval.known;
  return { requester: approval.agent, claims, owners: owners.filter((owner) => owner !== undefined) };
}

/** How often somebody else may answer in the same moment before one is asked to look again. */
const attempts = 3;

export async function decideApproval(
  ports: Ports,
  principal: Principal,
  id: string,
  given: NewAnswer,
): Promise<Approval> {
  requireKind(principal, 'operator');
  for (let attempt = 0; attempt < attempts; attempt++) {
    const approval = await findApproval(ports, principal, id);
    if (approval.state !== 'pending')
      throw new Fault('approval.decided', `The approval is ${approval.state} already.`);
    const roles = requireApprover(
      principal,
      approval,
      await involvedIn(ports, approval),
      ports.limits.approvals,
    );
    if (given.digest !== undefined && given.digest !== approval.digest)
      throw new Fault('approval.out_of_scope', 'This is not the request that you have seen.');
    if (await answered(ports, principal, approval, given, roles)) return findApproval(ports, principal, id);
  }
  throw new Fault('approval.decided', 'Somebody else has answered in the same moment.');
}

async function answered(
  ports: Ports,
  principal: Principal,
  approval: Approval,
  given: NewAnswer,
  roles: readonly string[],
): Promise<boolean> {
  const answer: Answer = present({
    is: given.is,
    by: principal.id,
    email: emailOf(principal),
    roles,
    at: ports.ledger.clock(),
    reason: given.reason,
    ...(given.is === 'approve' ? narrowed(ports, approval, given) : {}),
  });
  const answers = [...approval.answers, answer];
  const enough = isEnough(approval.demand, answers);
  const state: 'pending' | 'approved' | 'denied' =
    given.is === 'deny' ? 'denied' : enough ? 'approved' : 'pending';
  const { usableMs, askAgainMs } = ports.limits.approvals;
  const view = await viewApproval(ports, principal, approval).catch((error: unknown) => {
    // A no does not wait for what is only told with it.
    if (given.is === 'deny') return undefined;
    throw error;
  });
  const done = await ports.ledger.approvals.answer(
    approval,
    answer,
    {
      state,
      granted: isOfCredential(approval) ? grantedBy(approval.request, answers) : undefined,
      forMs: state === 'denied' ? askAgainMs : usableMs,
    },
    present({
      type: 'approval.decided' as const,
      approval: approval.id,
      task: approval.task ?? '',
      agent: approval.agent,
      by: principal.id,
      roles,
      decision: given.is,
      state,
      verified: view?.verified,
      reason: given.reason,
      ttlSeconds: answer.ttlSeconds,
      parameters: answer.parameters,
    }),
  );
  if (done && state !== 'pending')
    ports.meter.approvalEnded(state, (ports.ledger.clock() - approval.requestedAt) / 1000);
  return done;
}

/**
 * Approve narrower: within what was asked for, and of parameters within what another person gave before. Of times the
 * shortest counts.
 */
function narrowed(
  ports: Ports,
  approval: Approval,
  given: NewAnswer,
): { ttlSeconds: number | undefined; parameters: ParameterValues | undefined } {
  if (!isOfCredential(approval)) {
    const what = isOfDelegation(approval) ? 'a delegation' : 'a tool call';
    if (given.ttlSeconds !== undefined) throw wider('/ttl', `${what} is approved as it is`);
    if (given.parameters !== undefined) throw wider('/parameters', `${what} is approved as it is`);
    return { ttlSeconds: undefined, parameters: undefined };
  }
  const so = grantedBy(approval.request, approval.answers);
  const { ttlSeconds: askedSeconds } = approval.request;
  if (given.ttlSeconds !== undefined && given.ttlSeconds > askedSeconds)
    throw wider('/ttl', `${askedSeconds} seconds were asked for`);
  if (given.parameters === undefined) return { ttlSeconds: given.ttlSeconds, parameters: undefined };
  const entry = ports.policy().catalog.get(approval.request.entry);
  if (!entry) throw new Fault('credential.unknown', 'The catalog entry is no longer there.');
  const parameters = parseParameters(entry, { ...so.parameters, ...given.parameters });
  const [outside] = widerParameters(entry, so.parameters, parameters);
  if (outside !== undefined) throw wider(`/parameters/${outside}`, 'is not within what was asked for');
  return { ttlSeconds: given.ttlSeconds, parameters };
}

const wider = (pointer: string, detail: string) =>
  new Fault('approval.wider', 'An answer can only narrow what was asked for.', {
    errors: [{ pointer, detail }],
  });

/** By its requester: before it was answered, or before it was used. */
export async function cancelApproval(
  ports: Ports,
  principal: Principal,
  id: string,
  reason?: string,
): Promise<Approval> {
  const approval = await findApproval(ports, principal, id);
  if (approval.agent !== principal.id)
    throw new Fault('role.missing', 'Only whoever asked can cancel; an operator can deny or revoke.');
  return closed(ports, principal, approval, 'cancelled', reason);
}

/**
 * APR-06: by an operator, before it was used or after; then the lease, or the sub-task with all that it has, goes as well. A
 * tool that was called cannot be called back: end its task, or revoke what it holds.
 */
export async function revokeApproval(
  ports: Ports,
  principal: Principal,
  id: string,
  reason: string,
): Promise<Approval> {
  requireKind(principal, 'operator');
  const approval = await findApproval(ports, principal, id);
  requireRole(principal, 'approver', 'admin');
  const revoked = await closed(ports, principal, approval, 'revoked', reason);
  if (isOfDelegation(revoked) && revoked.subtask !== undefined)
    await endAndDispatch(
      ports,
      revoked.subtask,
      present({ outcome: 'cancelled' as const, by: principal.id, via: `approval:${id}`, reason }),
    );
  if (isOfCredential(revoked) && revoked.lease !== undefined) {
    const lease = await ports.ledger.leases.revoke(revoked.lease, 'operator', principal.id, reason);
    if (lease) await dispatchDue(ports, lease.provider);
  }
  return revoked;
}

async function closed(
  ports: Ports,
  principal: Principal,
  approval: Approval,
  as: 'cancelled' | 'revoked',
  reason?: string,
): Promise<Approval> {
  if (approval.state === as) return approval;
  const event = present({
    type: `approval.${as}` as const,
    approval: approval.id,
    task: approval.task ?? '',
    agent: approval.agent,
    by: principal.id,
    reason,
  });
  if (!(await ports.ledger.approvals.close(approval.id, as, event)))
    throw new Fault('approval.decided', `The approval is ${approval.state} already.`);
  ports.meter.approvalEnded(as);
  return findApproval(ports, principal, approval.id);
}
