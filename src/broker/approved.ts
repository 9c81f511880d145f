import { isOfCredential, stateAt } from '../approval/approval.js';
import type { Approval, Granted } from '../approval/approval.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Task } from '../task/task.js';
import { digestOf, digestOfStep } from './approval-request.js';
import type { Requested } from './approval-request.js';
import type { StepRequest } from './broker.js';
import type { Ports } from './ports.js';

/** What an approval gives to the request that names it; whether it is still there to be used, the reservation decides. */
export interface Approved {
  readonly id: string;
  readonly digest: string;
  readonly granted: Granted;
  /** Milliseconds since the epoch; nothing that is issued by it lasts longer. */
  readonly until: number;
  readonly approval: Approval;
}

const notGiven: Partial<Record<Approval['state'], { code: FaultCode; sentence: string }>> = {
  pending: { code: 'approval.pending', sentence: 'Nobody has answered yet.' },
  denied: { code: 'approval.denied', sentence: 'It was denied.' },
  cancelled: { code: 'approval.revoked', sentence: 'The approval was taken back.' },
  revoked: { code: 'approval.revoked', sentence: 'The approval was taken back.' },
  expired: { code: 'approval.expired', sentence: 'The approval is no longer good.' },
};

/**
 * APR-02: the approval that a request names, where it is the requester's own, is for exactly this request, and was
 * given. A name is no bearer of anything: of another's approval it says no more than of one that does not exist.
 */
export async function approvedFor(
  ports: Ports,
  principal: Principal,
  request: Requested & { readonly approval?: string },
): Promise<Approved> {
  const approval = await ownApproval(ports, principal, request.approval);
  const entry = ports.policy().catalog.get(request.credential);
  if (!entry) throw new Fault('credential.unknown', 'There is no catalog entry of this name.');
  const digest = digestOf(principal, entry, request);
  const until = givenUntil(ports, approval, digest);
  if (!isOfCredential(approval) || !approval.granted) throw unverifiable();
  return { id: approval.id, digest, granted: approval.granted, until, approval };
}

/** The same for a tool call. */
export async function approvedStepFor(
  ports: Ports,
  principal: Principal,
  task: Task,
  request: StepRequest,
): Promise<Pick<Approved, 'id' | 'digest' | 'approval'>> {
  const approval = await unusedApproval(ports, principal, request.approval);
  const digest = digestOfStep(principal, task, request, ports.policy().tools?.get(request.tool));
  givenUntil(ports, approval, digest);
  return { id: approval.id, digest, approval };
}

/** And for a delegation, of which the digest is known already. */
export async function approvedDelegationFor(
  ports: Ports,
  principal: Principal,
  id: string,
  digest: string,
): Promise<Pick<Approved, 'id' | 'digest' | 'approval'>> {
  const approval = await unusedApproval(ports, principal, id);
  givenUntil(ports, approval, digest);
  return { id, digest, approval };
}

const unverifiable = () => new Fault('approval.unverifiable', 'There is no such approval of yours.');

async function ownApproval(ports: Ports, principal: Principal, id = ''): Promise<Approval> {
  const approval = await ports.ledger.approvals.find(id);
  if (!approval || approval.agent !== principal.id) throw unverifiable();
  return approval;
}

/** What it was used for has changed the chain, or may have, and with it the digest. */
async function unusedApproval(ports: Ports, principal: Principal, id?: string): Promise<Approval> {
  const approval = await ownApproval(ports, principal, id);
  if (approval.state === 'used') throw new Fault('approval.used', 'The approval was used already.');
  return approval;
}

/** Until when it is good for this; throws the Fault that says why it is not. */
function givenUntil(ports: Ports, approval: Approval, digest: string): number {
  if (digest !== approval.digest)
    throw new Fault(
      'approval.out_of_scope',
      'The approval is for another request, or what it was for is something else by now.',
    );
  if (approval.cause === 'task_end')
    throw new Fault('task.ended', 'The task has ended; what was approved for it went with it.');
  const refused = notGiven[stateAt(approval, ports.ledger.clock())];
  if (refused) {
    const reason = approval.answers.find(({ is }) => is === 'deny')?.reason;
    const said = refused.code === 'approval.denied' && reason !== undefined ? ` The reason: ${reason}` : '';
    throw new Fault(refused.code, `${refused.sentence}${said}`, { retryAfterSeconds: 2 });
  }
  if (approval.approvedUntil === undefined) throw unverifiable();
  return approval.approvedUntil;
}
