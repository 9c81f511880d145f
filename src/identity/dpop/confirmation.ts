import type { Claims } from '../jws.js';
import { unproven, type TokenKind } from '../refusal.js';

/** A SHA-256 in base64url: RFC 7638 thumbprints look like this. */
export const thumbprintPattern = /^[A-Za-z0-9_-]{43}$/;

/**
 * The thumbprint of the key that a token is bound to (RFC 9449 section 6.1, `cnf.jkt`), undefined when it is bound to
 * none. A token that is bound in a way that is not checked here is refused: it would pass as if it were not bound.
 */
export function boundTo({ cnf }: Claims, kind: TokenKind): string | undefined {
  if (cnf === undefined) return undefined;
  if (typeof cnf !== 'object' || cnf === null) throw unproven(`${kind}.confirmation`);
  const { jkt, ...others } = cnf as Record<string, unknown>;
  if (typeof jkt !== 'string' || !thumbprintPattern.test(jkt) || Object.keys(others).length > 0)
    throw unproven(`${kind}.confirmation`);
  return jkt;
}
