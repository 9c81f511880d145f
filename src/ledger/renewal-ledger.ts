import type { AuditEvent } from '../audit/event.js';
import type { Lease } from '../lease/lease.js';
import type { Idempotency } from './ledger.js';

/** What a renewal may come to at most. Times are milliseconds since the epoch. */
export interface NewRenewal {
  /** Of this renewal alone, to tell it from the next one of the same lease. */
  readonly id: string;
  readonly lease: Lease;
  readonly askedSeconds: number;
  /** Asked for in so many words: then a renewal may shorten. */
  readonly mayShorten: boolean;
  /** No end may be later; the task's deadline and the ceiling of the record bound it too. */
  readonly limitAt: number;
  /** The shortest life that the provider can give. */
  readonly minimumSeconds: number;
  /** How long the provider may be at work on it. */
  readonly timeoutMs: number;
  /** An event that the store must hold, or it has lost what it had. */
  readonly mustHold?: string | undefined;
  /** The count of the tool chain that was decided on; absent where none was. Throws ChainMoved on another one. */
  readonly chain?: number;
}

/** A renewal under way: the provider may be asked for this, and for nothing later. */
export interface BegunRenewal {
  readonly id: string;
  readonly lease: Lease;
  readonly ttlSeconds: number;
  readonly endsAt: number;
}

/** Renewals. Every write also writes its audit event, in the same atomic step, on the ledger's own clock. */
export interface RenewalLedger {
  /**
   * Durable, with the latest end that may come of it, before the provider is asked. Decided in one step with the fence
   * of the task. Undefined when there is nothing to do: no TTL was named and the lease lasts as long anyway, or this
   * very request was carried out before. Throws task.ended, lease.unknown, .not_active, .at_ceiling, .renewing,
   * ttl.below_floor, idempotency.reused, .in_flight,
   * state.rolled_back.
   */
  begin(
    renewal: NewRenewal,
    event: AuditEvent & { type: 'lease.renewing' },
    idempotency?: Idempotency,
  ): Promise<BegunRenewal | undefined>;
  /**
   * From its return on the lease has its new end, and a new secret may be handed over. Throws task.ended or
   * lease.not_active when the task or the lease was ended meanwhile, with its revocation seen to; lease.renewing when
   * another renewal has begun since, and provider.timeout when the new end has passed already.
   */
  finish(
    renewal: BegunRenewal,
    renewed: { readonly expiresAt: number; readonly replaced: boolean },
    idempotency?: Idempotency,
  ): Promise<Lease>;
  /**
   * It failed at the provider; the lease stays what it was. `settled`: nothing more can come of it. `takeBack`: what
   * the provider did must not stay, so the lease is revoked; `expiresAt` is the end that the provider gave it.
   */
  fail(
    renewal: BegunRenewal,
    fault: string,
    how: { readonly settled: boolean; readonly takeBack?: { readonly expiresAt: number } },
  ): Promise<void>;
}
