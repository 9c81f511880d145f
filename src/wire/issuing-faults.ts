import type { FaultCode } from '../kernel/fault.js';

/** What a request for a credential may meet, and one for its renewal. */
export const ofIssuing = [
  'credential.unknown',
  'credential.parameters',
  'delivery.key',
  'delivery.encrypted',
  'ttl.invalid',
  'ttl.below_floor',
  'policy.denied',
  'policy.error',
  'policy.changed',
  'obligation.unknown',
  'obligation.unmet',
  'approval.required',
  'provider.unavailable',
  'provider.timeout',
  'provider.throttled',
  'provider.refused',
  'provider.nonsense',
  'idempotency.reused',
  'idempotency.in_flight',
  // While the store or the revocations are in doubt, nothing is issued and nothing carried on.
  'state.full',
  'state.rolled_back',
  'revocation.overdue',
  // What an operator has stopped.
  'agent.disabled',
  'agent.ownerless',
  'delegation.unproven',
  'issuing.blocked',
] as const satisfies readonly FaultCode[];
