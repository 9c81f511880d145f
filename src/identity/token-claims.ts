import type { Clock } from '../kernel/clock.js';
import type { Claims, Jws } from './jws.js';
import { isSignedBy } from './jws.js';
import type { KeySet } from './key-set.js';
import type { KeySource } from './key-source.js';
import { unproven, type TokenKind } from './refusal.js';

/** How far clocks may differ. */
export const clockToleranceSeconds = 5;

/** What every kind of token is held to, after its signature. */
export interface TokenLimits {
  readonly audience: string;
  readonly allowOtherAudiences: boolean;
  readonly maximumLifetimeSeconds: number;
}

/**
 * Proves the signature with the keys of one source, which is asked again when it has none that fits. Gives the set
 * that proved it. Throws `unknown_key`, `signature`, and Fault `identity.unavailable`.
 */
export async function proveSignature(jws: Jws, source: KeySource, kind: TokenKind): Promise<KeySet> {
  let keySet = await source.keys();
  if (keySet.matching(jws.header).length === 0) {
    const newer = await source.newerThan(keySet);
    if (newer === undefined || newer.matching(jws.header).length === 0) throw unproven(`${kind}.unknown_key`);
    keySet = newer;
  }
  if (!(await isSignedBy(jws, keySet))) throw unproven(`${kind}.signature`);
  return keySet;
}

/** The end of the token in seconds since the epoch (RFC 7519 section 4.1.4-6); `exp` is required. */
export function checkTimes(claims: Claims, limits: TokenLimits, clock: Clock, kind: TokenKind): number {
  const nowSeconds = clock() / 1000;
  const expiry = numericDate(claims, 'exp', kind);
  const notBefore = numericDate(claims, 'nbf', kind);
  const issuedAt = numericDate(claims, 'iat', kind);
  if (expiry === undefined) throw unproven(`${kind}.no_expiry`);
  if (nowSeconds >= expiry + clockToleranceSeconds) throw unproven(`${kind}.expired`);
  if (notBefore !== undefined && nowSeconds < notBefore - clockToleranceSeconds)
    throw unproven(`${kind}.not_yet_valid`);
  if (issuedAt !== undefined && nowSeconds < issuedAt - clockToleranceSeconds)
    throw unproven(`${kind}.issued_in_future`);
  if (expiry - (issuedAt ?? nowSeconds) > limits.maximumLifetimeSeconds) throw unproven(`${kind}.lifetime`);
  return expiry;
}

/** What a principal keeps of the token's `iat`, once `checkTimes` has looked at it. */
export const issuedAtOf = ({ iat }: Claims): { proofIssuedAt?: number } =>
  typeof iat === 'number' ? { proofIssuedAt: iat * 1000 } : {};

/** The token is for this broker, and unless told otherwise for nobody else (RFC 7519 section 4.1.3). */
export function checkAudience(claims: Claims, limits: TokenLimits, kind: TokenKind): void {
  const { aud } = claims;
  const audiences: unknown = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(audiences) || audiences.length === 0) throw unproven(`${kind}.no_audience`);
  if (!audiences.includes(limits.audience)) throw unproven(`${kind}.audience`);
  if (audiences.length > 1 && !limits.allowOtherAudiences) throw unproven(`${kind}.many_audiences`);
}

function numericDate(claims: Claims, name: string, kind: TokenKind): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw unproven(`${kind}.malformed_time`);
  return value;
}
