import { claimAt, type ClaimPath } from '../claim-path.js';
import { present } from '../../kernel/present.js';
import type { Claims } from '../jws.js';
import type { Principal } from '../principal.js';
import { unproven, type TokenKind } from '../refusal.js';

/** A SHA-256 in base64url: RFC 7638 thumbprints look like this. */
const thumbprintPattern = /^[A-Za-z0-9_-]{43}$/;

/**
 * The thumbprint of the key that a token is bound to (RFC 9449 section 6.1, `cnf.jkt`), undefined when it is bound to
 * none. A token that is bound in a way that is not checked here is refused: it would pass as if it were not bound.
 */
function boundTo({ cnf }: Claims, kind: TokenKind): string | undefined {
  if (cnf === undefined) return undefined;
  if (typeof cnf !== 'object' || cnf === null) throw unproven(`${kind}.confirmation`);
  const { jkt, ...others } = cnf as Record<string, unknown>;
  if (typeof jkt !== 'string' || !thumbprintPattern.test(jkt) || Object.keys(others).length > 0)
    throw unproven(`${kind}.confirmation`);
  return jkt;
}

/** The keys that a token names, by their thumbprints: the one it is bound to, and the one to encrypt to. */
export function keysNamed(
  claims: Claims,
  encryptionKeyClaim: ClaimPath | undefined,
  kind: TokenKind,
): Pick<Principal, 'boundTo' | 'encryptionKey'> {
  const bound = boundTo(claims, kind);
  const named = encryptionKeyClaim === undefined ? undefined : claimAt(claims, encryptionKeyClaim);
  if (named !== undefined && !(typeof named === 'string' && thumbprintPattern.test(named)))
    throw unproven(`${kind}.claim`);
  return present({ boundTo: bound, encryptionKey: named });
}
