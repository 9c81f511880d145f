/** How the stand-in misbehaves, so that callers can be tried against it. */
export type StandInFault =
  /** Refuses without looking: throttling, an outage, a right that is missing. */
  | { readonly is: 'error'; readonly code: string; readonly status: number }
  /** Takes the request and never answers. */
  | { readonly is: 'hang' }
  /** Answers 200 and something that is not of this protocol. */
  | { readonly is: 'nonsense' }
  /** Does the work and drops the connection before the answer. */
  | { readonly is: 'dropped_answer' }
  /** Does the work and changes the answer. */
  | { readonly is: 'altered_answer'; readonly alter: (body: string) => string };

export const throttled: StandInFault = { is: 'error', code: 'Throttling', status: 400 };
export const broken: StandInFault = { is: 'error', code: 'InternalFailure', status: 500 };
export const denied: StandInFault = { is: 'error', code: 'AccessDenied', status: 403 };

export interface FaultPlan {
  /** The fault that meets this action now, if one does. */
  readonly next: (action: string) => StandInFault | undefined;
  /** Undefined ends it. `action` is the name at AWS, `AssumeRole` or `s3:GetObject`; `times` counts down. */
  readonly set: (
    fault: StandInFault | undefined,
    when?: { readonly action?: string; readonly times?: number },
  ) => void;
}

export function faultPlan(): FaultPlan {
  let current: { fault: StandInFault; action: string | undefined; left: number } | undefined;
  return {
    next(action) {
      if (!current || (current.action !== undefined && current.action !== action)) return undefined;
      const { fault } = current;
      if (--current.left <= 0) current = undefined;
      return fault;
    },
    set(fault, { action, times = Number.POSITIVE_INFINITY } = {}) {
      current = fault && { fault, action, left: times };
    },
  };
}
