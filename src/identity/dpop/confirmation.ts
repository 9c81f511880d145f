import { claimAt, type ClaimPath } from '../claim-path.js';
import { present } from '../../kernel/present.js';
import type { Claims } from '../jws.js';
import type { Principal } from '../principal.js';
import { unproven, type TokenKind } from '../refusal.js';

/** A SHA-256 in base64url: thumbprints of keys (RFC 7638) and of certificates look like this. */
const thumbprintPattern = /^[A-Za-z0-9_-]{43}$/;

/**
 * What a token is bound to: a key by its thumbprint (RFC 9449 section 6.1, `cnf.jkt`), or a certificate (RFC 8705 section
 * 3.1, `x5t#S256`). A token that is bound in a way that is not checked here is refused: it would pass as if it were not bound.
 */
function bound({ cnf }: Claims, kind: TokenKind): Pick<Principal, 'boundTo' | 'boundToCertificate'> {
  if (cnf === undefined) return {};
  if (typeof cnf !== 'object' || cnf === null) throw unproven(`${kind}.confirmation`);
  const { jkt, 'x5t#S256': x5t, ...others } = cnf as Record<string, unknown>;
  const isKnown = Object.keys(others).length === 0;
  if (isKnown && x5t === undefined && isThumbprint(jkt)) return { boundTo: jkt };
  if (isKnown && jkt === undefined && isThumbprint(x5t)) return { boundToCertificate: x5t };
  throw unproven(`${kind}.confirmation`);
}

const isThumbprint = (value: unknown): value is string =>
  typeof value === 'string' && thumbprintPattern.test(value);

/** What a token names by thumbprints: the key or certificate that it is bound to, and the key to encrypt to. */
export function keysNamed(
  claims: Claims,
  encryptionKeyClaim: ClaimPath | undefined,
  kind: TokenKind,
): Pick<Principal, 'boundTo' | 'boundToCertificate' | 'encryptionKey'> {
  const named = encryptionKeyClaim === undefined ? undefined : claimAt(claims, encryptionKeyClaim);
  if (named !== undefined && !isThumbprint(named)) throw unproven(`${kind}.claim`);
  return present({ ...bound(claims, kind), encryptionKey: named });
}
