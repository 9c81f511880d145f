import type { Handle, RevocationEffect } from '../issuance/provider.js';
import type { Enrolment } from '../issuance/world.js';
import type { ParameterValues } from '../policy/catalog.js';

/** Every state and where it may go. `expired`: the provider's own end has certainly passed. */
export const moves = {
  reserved: ['active', 'revoking'],
  active: ['revoking'],
  revoking: ['revoked', 'expired', 'stuck'],
  stuck: ['revoked', 'expired', 'revoking'],
  revoked: [],
  expired: [],
} as const satisfies Record<string, readonly string[]>;

export type LeaseState = keyof typeof moves;

export const isOver = (state: LeaseState): boolean => moves[state].length === 0;

/** Why a lease is being ended. */
export type RevocationCause =
  | 'expiry'
  | 'task_end'
  | 'operator'
  | 'released'
  /** A retried request replaced it. */
  | 'superseded'
  /** Minting failed, or was cut off: a credential may exist that nobody received. */
  | 'mint_unresolved'
  | 'policy_changed';

/** The record of one credential: what it is, how to take it back, and how it ended. Never the secret. */
export interface Lease {
  readonly id: string;
  readonly taskId: string;
  readonly agent: string;
  /** Catalog entry. */
  readonly entry: string;
  /** Name of the configured provider. */
  readonly provider: string;
  readonly parameters: ParameterValues;
  readonly tool?: string;
  readonly reason?: string;
  readonly handle: Handle;
  readonly effect: RevocationEffect;
  readonly state: LeaseState;
  readonly reservedAt: number;
  /** The end of the credential: reserved for, then what the provider said. */
  readonly expiresAt: number;
  /** The provider said that it never ends it by itself: `expiresAt` is then only when revoking begins. */
  readonly unending?: true;
  /** While it is there, the provider may still be minting: revoking is not final before. */
  readonly mintUntil?: number;
  readonly cause?: RevocationCause;
  /** When its end was asked for; the lag is measured from here. */
  readonly revocationRequestedAt?: number;
  /** A deny of it stands at the provider since then; `revoked` once that is known to be in force. */
  readonly writtenAt?: number;
  readonly attempts: number;
  readonly lastFault?: string;
  readonly endedAt?: number;
}

export type NewLease = Pick<
  Lease,
  'id' | 'taskId' | 'agent' | 'entry' | 'provider' | 'parameters' | 'tool' | 'reason' | 'handle' | 'effect'
> & { readonly ttlSeconds: number; readonly mintTimeoutMs: number; readonly enrolment?: Enrolment };
