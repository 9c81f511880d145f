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
  | 'policy_changed'
  /** An operator took back all of an agent, an owner, a provider ... */
  | 'kill_switch'
  /** What justified it holds no longer: policy, catalog, its agent, the keys that proved it, a risk. */
  | 'context_changed';

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
  /** The step that it was issued for. */
  readonly step?: string;
  /** Ids of those whose delegation led to its task, who delegated it first; absent where nobody did. */
  readonly actors?: readonly string[];
  /** What persons approved it by; absent where policy asked for none. */
  readonly approval?: string;
  /** An operator took it in an emergency. */
  readonly breakGlass?: true;
  readonly handle: Handle;
  readonly effect: RevocationEffect;
  readonly state: LeaseState;
  readonly reservedAt: number;
  /** When it is taken back: the end that was reserved or renewed for, or the provider's own where that is earlier. */
  readonly expiresAt: number;
  /** Renewals carry it no further. */
  readonly ceilingAt: number;
  /** The provider's own end of it may be as late as that, where that is later than `expiresAt`. */
  readonly mayLiveUntil?: number;
  readonly renewedAt?: number;
  readonly renewals?: number;
  /** The end that a renewal has asked the provider for, whose answer is not known yet. */
  readonly renewingTo?: number;
  /** The provider said that it never ends it by itself: `expiresAt` is then only when revoking begins. */
  readonly unending?: true;
  /** While it is there, the provider may still be minting, or renewing: revoking is not final before. */
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
  | 'id'
  | 'taskId'
  | 'agent'
  | 'entry'
  | 'provider'
  | 'parameters'
  | 'tool'
  | 'reason'
  | 'step'
  | 'actors'
  | 'approval'
  | 'breakGlass'
  | 'handle'
  | 'effect'
> & {
  readonly ttlSeconds: number;
  readonly ceilingSeconds: number;
  readonly mintTimeoutMs: number;
  readonly enrolment?: Enrolment;
};

/**
 * The latest moment at which the credential can end by itself. While it is not known when, or whether, the provider
 * minted, that may have been at the last moment; what a renewal may come to is written down before it is asked for.
 */
export function latestEndOf({ expiresAt, mayLiveUntil, mintUntil, reservedAt }: Lease): number {
  if (mayLiveUntil !== undefined) return Math.max(expiresAt, mayLiveUntil);
  return expiresAt + (mintUntil === undefined ? 0 : mintUntil - reservedAt);
}
