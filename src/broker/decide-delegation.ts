import type { Approval } from '../approval/approval.js';
import { present } from '../kernel/present.js';
import type { Question } from '../policy/decision.js';
import { decideByApproval } from './decide-by-approval.js';
import type { ByApproval } from './decide-by-approval.js';
import { mustFulfil, refusalOf, riskBehind } from './decide.js';
import type { Delegation } from './delegation.js';
import type { Ports } from './ports.js';

export interface DecidedDelegation extends ByApproval {
  readonly question: Question & Required<Pick<Question, 'delegate' | 'depth' | 'ttlSeconds'>>;
}

/**
 * Policy has to permit that this agent delegates to that one, and so it has for everyone above; by what a person has
 * approved, where that is `approval`.
 */
export function decideDelegation(
  ports: Ports,
  { principal, parent, request: { agent, deadlineAt, intent }, actors, now }: Delegation,
  approval: Approval | undefined,
): DecidedDelegation {
  const question = present({
    principal,
    task: parent,
    delegate: agent,
    depth: actors.length,
    ttlSeconds: Math.ceil((deadlineAt - now) / 1000),
    risk: riskBehind(ports, principal, parent),
    approved: approval && (true as const),
    asserted: { reason: intent },
  });
  return { question, ...decideByApproval(ports, question, approval) };
}

/** When the sub-task ends. @throws PolicyRefusal where it is not permitted */
export function endOf(
  { decision, record, question }: DecidedDelegation,
  { request: { deadlineAt }, now }: Pick<Delegation, 'request' | 'now'>,
): number {
  const asked = { entry: '', parameters: {}, ttlSeconds: question.ttlSeconds };
  if (decision.is !== 'permit') throw refusalOf(decision, record, asked);
  mustFulfil(decision.obligations, question, record, asked);
  return Math.min(deadlineAt, now + decision.permit.ttlSeconds * 1000);
}
