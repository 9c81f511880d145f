import { Secret } from '../kernel/secret.js';
import type { LeaseShape } from '../wire/lease.js';
import type { RenewalShape } from '../wire/renewal.js';
import { untilAborted } from './until-aborted.js';

export type SecretValues = Readonly<Record<string, unknown>>;

/** What a lease needs of the client that acquired it. */
export interface LeaseVerbs {
  renew(lease: string, ask: RenewAsk, signal?: AbortSignal): Promise<RenewalShape>;
  release(lease: string, reason?: string): Promise<LeaseShape>;
  /** It is held no longer. */
  forget(lease: HeldLease): void;
  /** A release in the background failed; the lease ends with its task, or by itself. */
  releaseFailed(lease: HeldLease, error: unknown): void;
}

export interface RenewAsk {
  /** How long it should last from now, such as "15m". */
  readonly ttl?: string;
  readonly reason?: string;
}

/** A credential in hand: its lease, and the secret, which prints as `[secret]`. Released when it is disposed of. */
export class HeldLease {
  #record: LeaseShape;
  #secret: Secret<SecretValues>;
  readonly #verbs: LeaseVerbs;
  #released: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(verbs: LeaseVerbs, record: LeaseShape, secret: SecretValues) {
    this.#verbs = verbs;
    this.#record = record;
    this.#secret = new Secret(secret);
  }

  get id(): string {
    return this.#record.id;
  }

  /** The lease as the broker last told it. */
  get record(): LeaseShape {
    return this.#record;
  }

  /** `secret.reveal()` gives the credential, under the names its clients know. A renewal may bring another. */
  get secret(): Secret<SecretValues> {
    return this.#secret;
  }

  get expiresAt(): Date {
    return new Date(this.#record.expiresAt);
  }

  get released(): boolean {
    return this.#released !== undefined;
  }

  /** Carries the lease on; policy is asked again. @throws ProtemFault; the lease then stays what it was. */
  async renew(ask: RenewAsk = {}, signal?: AbortSignal): Promise<this> {
    const { lease, secret } = await this.#verbs.renew(this.id, ask, signal);
    this.#record = lease;
    if (secret) this.#secret = new Secret(secret);
    return this;
  }

  /**
   * Gives it back: it is revoked at the provider. Twice is once. A signal ends the waiting for it, and not the giving back,
   * of which a failure is then told as one in the background.
   * @throws ProtemFault; the reason of the signal
   */
  release(reason?: string, signal?: AbortSignal): Promise<void> {
    const giving = (this.#released ??= this.#give(reason).catch((error: unknown) => {
      this.#released = undefined;
      throw error;
    }));
    return untilAborted(giving, signal).catch((error: unknown) => {
      if (signal?.aborted) giving.catch((failure: unknown) => this.#verbs.releaseFailed(this, failure));
      throw error;
    });
  }

  async #give(reason?: string): Promise<void> {
    clearTimeout(this.#timer);
    this.#record = await this.#verbs.release(this.id, reason);
    this.#verbs.forget(this);
  }

  /**
   * Renews at two thirds of its time, again and again, until it is released or can be carried no further.
   * `onEnd` is told why it stopped.
   */
  renewBySelf(ask: RenewAsk, onEnd?: (error: unknown) => void): void {
    // The difference of two times of the broker: the clock here may be wrong.
    const { expiresAt, renewedAt, reservedAt } = this.#record;
    const livesMs = Date.parse(expiresAt) - Date.parse(renewedAt ?? reservedAt);
    this.#timer = setTimeout(
      () => {
        this.renew(ask).then(
          () => {
            if (!this.released) this.renewBySelf(ask, onEnd);
          },
          (error: unknown) => onEnd?.(error),
        );
      },
      Math.min((livesMs * 2) / 3, 2 ** 31 - 1),
    );
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Never throws: what the block was about should not be lost because giving back failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch((error: unknown) => this.#verbs.releaseFailed(this, error));
  }

  toJSON(): object {
    return { lease: this.#record, secret: '[secret]' };
  }
}
