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

const unspent = new WeakSet<Permit>();

export function mintPermit(authority: Omit<Permit, typeof minted>): Permit {
  const permit = Object.freeze({ ...authority }) as Permit;
  unspent.add(permit);
  return permit;
}

/** Spends the permit; throws when it was spent before or never minted. */
export function redeem(permit: Permit): void {
  if (!unspent.delete(permit)) throw new Fault('policy.denied', 'The permit was already redeemed.');
}
