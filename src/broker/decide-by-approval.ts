import type { Approval } from '../approval/approval.js';
import type { Decided } from '../audit/event.js';
import { decideForAll } from '../policy/decide-for-all.js';
import type { Decision, Policy, Question } from '../policy/decision.js';
import { recordOf } from './decide.js';
import type { Ports } from './ports.js';
import { isStillEnough } from './still-enough.js';

export interface ByApproval {
  readonly decision: Decision;
  readonly record: Decided;
}

/** What policy answers; where a person has approved it, by what that was worth when policy asked, and is by now. */
export function decideByApproval(
  ports: Ports,
  question: Question,
  approval: Approval | undefined,
): ByApproval {
  const policy = ports.policy();
  const first = decideForAll(policy, question);
  const holds = !approval || isStillEnough(policy, ports.limits, question, approval);
  const decision = holds ? first : notEnough(policy, question);
  const record = recordOf(decision, policy.digest, question);
  ports.meter.decided(record.is);
  return { decision, record };
}

/** What was approved is not all that policy asks for by now. */
const notEnough = (policy: Policy, { approved: _approved, ...question }: Question): Decision => {
  const { because } = decideForAll(policy, question);
  return { is: 'deny', because, errors: [] };
};
