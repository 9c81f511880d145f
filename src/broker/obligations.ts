import type { FaultCode } from '../kernel/fault.js';
import type { Obligation, Question } from '../policy/decision.js';

/** What this broker can do on the order of a policy, and whether it is done for a request. */
const duties: Readonly<Record<string, (question: Question) => boolean>> = {
  /** The secret is handed over to a key of the agent, never in clear. */
  encrypt: ({ encrypted }) => encrypted === true,
  /** The agent says why, for the audit log. */
  reason: ({ asserted }) => asserted.reason !== undefined && asserted.reason.trim() !== '',
};

/** What stands against acting on a permit. */
export interface Unfulfilled {
  readonly code: Extract<FaultCode, 'obligation.unknown' | 'obligation.unmet'>;
  readonly obligation: Obligation;
}

/**
 * POL-12: who enforces a permit does all that it comes with, or does not act on it; what it does not know it cannot do
 * (AuthZEN obligations profile, "Non-Compliance and Partial Compliance"). Unknown ones are told first: no request can
 * mend them.
 */
export function unfulfilled(
  obligations: readonly Obligation[] | undefined,
  question: Question,
): Unfulfilled | undefined {
  const unknown = unknownOf(obligations);
  if (unknown) return { code: 'obligation.unknown', obligation: unknown };
  const unmet = obligations?.find(({ duty }) => !duties[duty]!(question));
  return unmet && { code: 'obligation.unmet', obligation: unmet };
}

export const unknownOf = (obligations: readonly Obligation[] | undefined): Obligation | undefined =>
  obligations?.find(({ duty }) => !Object.hasOwn(duties, duty));
