import type { Clock } from '../../../kernel/clock.js';
import { AwsRefusal } from './refusal.js';

/** Tells the operator of something that is no fault of any request. Facts hold no secrets. */
export type Warn = (facts: object, message: string) => void;

/** After so long a role that could not be sliced is tried again. */
const againAfterMs = 600_000;

/** Where GetScopedCredentials is not to be had, as far as this process has seen. */
export interface Availability {
  has(role: string): boolean;
  /** Remembers, and says once for each role, that a refusal means there are no slices; false when it means less. */
  isGone(role: string, refusal: unknown): boolean;
}

/** Unknown to this endpoint or partition, or denied to this role: by its policies, an SCP or a VPC endpoint. */
const gone = /^(InvalidAction|UnknownOperation(Exception)?|AccessDenied(Exception)?)$/;

export function watchAvailability(clock: Clock, warn: Warn): Availability {
  const goneUntil = new Map<string, number>();
  return {
    has: (role) => (goneUntil.get(role) ?? 0) <= clock(),
    isGone(role, refusal) {
      if (!(refusal instanceof AwsRefusal) || refusal.action !== 'GetScopedCredentials') return false;
      if (!gone.test(refusal.awsCode)) return false;
      if (!goneUntil.has(role))
        warn(
          { role, reason: refusal.reason },
          'sts:GetScopedCredentials is not to be had for this role; its leases are whole sessions, which end by themselves',
        );
      goneUntil.set(role, clock() + againAfterMs);
      return true;
    },
  };
}
