import { askedFor, demandsOf } from './asked-for.js';
import type { Decision, Obligation, Policy, Question } from './decision.js';
import { mintPermit } from './permit.js';

/**
 * A task that was delegated is decided for its own agent and for everyone whose delegation led to it, each by itself:
 * what one of them could not do is not done for it by another (DEL-06). Those above can only take away: one denial is
 * the answer, and otherwise one question is, for all that is demanded of persons for any of them; of permits the lowest
 * ceiling counts, and every obligation.
 */
export function decideForAll(policy: Policy, question: Question): Decision {
  const { actors = [] } = question.task;
  let answer = policy.decide(question);
  for (const { id, issuer, claims } of actors) {
    if (answer.is === 'deny') return answer;
    const theirs = policy.decide({ ...question, principal: { ...question.principal, id, issuer, claims } });
    answer = stricter(answer, theirs, policy.digest);
  }
  return answer;
}

function stricter(own: Decision, theirs: Decision, policyDigest: string): Decision {
  if (theirs.is === 'deny' || own.is === 'deny') return theirs.is === 'deny' ? theirs : own;
  if (own.is === 'ask' && theirs.is === 'ask') {
    const because = [...new Set([...own.because, ...theirs.because])];
    return askedFor(because, [...demandsOf(own), ...demandsOf(theirs)]);
  }
  if (own.is === 'ask') return own;
  if (theirs.is === 'ask') return theirs;
  const { because } = own;
  const ttlSeconds = Math.min(own.permit.ttlSeconds, theirs.permit.ttlSeconds);
  const obligations = both(own.obligations, theirs.obligations);
  return {
    is: 'permit',
    because,
    permit: mintPermit({ ttlSeconds, because, policyDigest }),
    ...(obligations.length > 0 && { obligations }),
  };
}

const both = (own: readonly Obligation[] = [], theirs: readonly Obligation[] = []): readonly Obligation[] => [
  ...own,
  ...theirs.filter(({ policy, duty }) => !own.some((one) => one.policy === policy && one.duty === duty)),
];
