import type { FaultCode } from '../kernel/fault.js';
import type { RevocationCause } from '../lease/lease.js';

/** What the broker and the worker count. No argument may be an id: each is one of a bounded set. */
export interface Meter {
  /** `provider` is empty when the request got no further than policy. Seconds from request to hand-over. */
  issued(provider: string, outcome: 'issued' | FaultCode, seconds: number): void;
  renewed(provider: string, outcome: 'renewed' | FaultCode): void;
  /** An attempt to end a lease; the lag, from the request for its end, when it is over. */
  revoked(
    provider: string,
    cause: RevocationCause,
    outcome: 'revoked' | 'expired' | 'failed' | 'stuck',
    lagSeconds?: number,
  ): void;
  /** Something at the provider that no live lease stands for was taken back. */
  orphan(provider: string): void;
  /** From the request for the end of a lease until a deny of it stood at the provider. */
  denied(provider: string, seconds: number): void;
  /** From then on until it was known to be in force. */
  confirmed(provider: string, seconds: number): void;
  /** A flight of the canary; the lag where it was revoked. */
  canary(outcome: 'revoked' | FaultCode, lagSeconds?: number): void;
  decided(effect: 'permit' | 'ask' | 'deny' | 'error'): void;
  /** A person was to be asked: a new question, the same once more, or none because of a denial or the limit. */
  approvalAsked(outcome: 'opened' | 'same' | 'denied' | 'limit' | 'rate'): void;
  /** An approval is over; seconds from the question to the answer, where there was one. */
  approvalEnded(
    outcome: 'approved' | 'denied' | 'cancelled' | 'revoked' | 'expired',
    seconds?: number,
    count?: number,
  ): void;
  /** `source` is a configured one, or `unknown`. */
  hook(source: string, outcome: 'ended' | 'already' | 'ignored' | FaultCode): void;
}

/** Counts nothing. */
export const silentMeter: Meter = {
  issued() {},
  renewed() {},
  revoked() {},
  orphan() {},
  denied() {},
  confirmed() {},
  canary() {},
  decided() {},
  approvalAsked() {},
  approvalEnded() {},
  hook() {},
};
