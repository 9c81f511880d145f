import type { Approval } from '../approval/approval.js';
import { isEnough } from '../approval/enough.js';
import { decideForAll } from '../policy/decide-for-all.js';
import type { Decision, Policy, Question } from '../policy/decision.js';
import type { Limits } from './ports.js';

/** How many different persons have to approve: what policy says, and two from the tier on that the settings name. */
export const personsFor = ({ twoPersonsFromTier }: Limits['approvals'], riskTier = 0, ofPolicy = 1): number =>
  Math.max(ofPolicy, riskTier >= twoPersonsFromTier ? 2 : 1);

/**
 * Whether policies ask by now that did not when the question was put, though they were in force: what they look at has
 * changed (the chain of tools, a risk), and no person has been asked about that.
 */
export const asksMore = (
  { digest }: Policy,
  { because }: Decision,
  { demand }: Pick<Approval, 'demand'>,
): boolean => digest === demand.policyDigest && because.some((id) => !demand.because.includes(id));

/**
 * APR-02: whether the answers that were given are all that the policy of this moment asks for, of whoever asks and of
 * everyone above. The policy that asked may have been replaced, and what was approved narrower is another request.
 */
export function isStillEnough(
  policy: Policy,
  limits: Limits,
  { approved: _approved, ...ask }: Question,
  approval: Pick<Approval, 'answers' | 'demand'>,
): boolean {
  const decision = decideForAll(policy, ask);
  if (decision.is !== 'ask') return decision.is === 'permit';
  if (asksMore(policy, decision, approval)) return false;
  const persons = personsFor(limits.approvals, ask.entry?.riskTier, decision.persons);
  return isEnough({ ...decision, persons }, approval.answers);
}
