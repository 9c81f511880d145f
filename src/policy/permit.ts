import { Fault } from '../kernel/fault.js';

declare const minted: unique symbol;

/** Single-use authority to issue. Only `mintPermit` makes one, and a copy of one is not one. */
export interface Permit {
  readonly [minted]: true;
  /** The longest lease that the deciding policies allow, in seconds. */
  readonly ttlSeconds: number;
  readonly because: readonly string[];
  readonly policyDigest: string;
}

/** Whether it was spent is known to the object alone: nobody can make one up, or give a copy of it another try. */
class SingleUse {
  readonly ttlSeconds: number;
  readonly because: readonly string[];
  readonly policyDigest: string;
  #unspent = true;

  constructor({ ttlSeconds, because, policyDigest }: Omit<Permit, typeof minted>) {
    this.ttlSeconds = ttlSeconds;
    this.because = because;
    this.policyDigest = policyDigest;
    Object.freeze(this);
  }

  /** False when it is none of ours, or was spent before. */
  static spend(permit: object): boolean {
    if (!(#unspent in permit) || !permit.#unspent) return false;
    permit.#unspent = false;
    return true;
  }
}

export const mintPermit = (authority: Omit<Permit, typeof minted>): Permit =>
  new SingleUse(authority) as unknown as Permit;

/** Spends the permit; throws when it was spent before or never minted. */
export function redeem(permit: Permit): void {
  if (!SingleUse.spend(permit)) throw new Fault('policy.denied', 'The permit was already redeemed.');
}
