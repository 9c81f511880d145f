import { createHash } from 'node:crypto';
import { importJWK, type CryptoKey, type JWK } from 'jose';
import { keysUnavailable } from './refusal.js';
import { isFactorable } from './weak-key.js';
import { readAuthorities } from './x509/authorities.js';
import type { ReadCertificate } from './x509/certificate.js';

/** `sig`: a JWK set as OIDC issuers publish it. `jwt-svid`: a SPIFFE bundle, of which only those keys count. */
export type KeyUse = 'sig' | 'jwt-svid';

/** The keys that may verify tokens of one issuer or trust domain. A set never changes; a refresh makes a new one. */
export interface KeySet {
  /** Same for the same keys. */
  readonly fingerprint: string;
  readonly kids: readonly string[];
  /** How many there are, authorities of certificates too; a set of none verifies nothing. */
  readonly size: number;
  /** Those that certificates have to lead to: of a SPIFFE bundle whose X509-SVIDs are taken. */
  readonly authorities: readonly ReadCertificate[];
  /** What fits the header, not yet imported. Without `kid` only the one key of a set can fit. */
  matching(header: { readonly alg: string; readonly kid: string | undefined }): readonly KeyImport[];
}

/** Rejects when the key cannot be used, for example RSA under 2048 bits. */
export type KeyImport = () => Promise<CryptoKey | Uint8Array>;

/** Which keys an algorithm takes (RFC 7518 section 3.1, RFC 8037); what is not here has no key: HS, none. */
const keyShapes: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};

/**
 * Reads a JWK set (RFC 7517 section 5) or SPIFFE bundle. Left out are keys for another use, of an unknown type, private
 * ones, and those whose private half anyone can compute. An empty `keys` is a set that verifies nothing; a missing one
 * throws `keys.malformed`. `certificates`: the authorities of X509-SVIDs as well.
 */
export function readKeySet(document: unknown, use: KeyUse, certificates = false): KeySet {
  const listed = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(listed)) throw keysUnavailable('keys.malformed');
  const keys = (listed as unknown[]).filter((key): key is JWK => isUsable(key, use));
  const authorities = certificates ? readAuthorities(listed) : [];
  const imported = new Map<string, ReturnType<KeyImport>>();
  return {
    fingerprint: createHash('sha256')
      .update(JSON.stringify([keys, authorities.map(({ x509 }) => x509.fingerprint256)]))
      .digest('hex'),
    size: keys.length + authorities.length,
    authorities,
    kids: keys.flatMap((key) => key.kid ?? []),
    matching: ({ alg, kid }) => {
      if (kid === undefined && keys.length !== 1) return [];
      return keys
        .map((key, index) => ({ key, index }))
        .filter(({ key }) => (kid === undefined || key.kid === kid) && fits(key, alg))
        .map(
          ({ key, index }) =>
            () =>
              importOnce(imported, `${alg} ${index}`, key, alg),
        );
    },
  };
}

function isUsable(key: unknown, use: KeyUse): key is JWK {
  if (typeof key !== 'object' || key === null) return false;
  const jwk = key as JWK;
  if (typeof jwk.kty !== 'string' || 'd' in jwk || 'k' in jwk) return false;
  if (jwk.kid !== undefined && (typeof jwk.kid !== 'string' || jwk.kid === '')) return false;
  if (isFactorable(jwk)) return false;
  // SPIFFE Trust Domain and Bundle section 4.2.2: `use` decides, and a JWT authority has a `kid`.
  if (use === 'jwt-svid') return jwk.use === 'jwt-svid' && jwk.kid !== undefined;
  return (
    (jwk.use === undefined || jwk.use === 'sig') &&
    (jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
  );
}

function fits(key: JWK, alg: string): boolean {
  const shape = Object.hasOwn(keyShapes, alg) ? keyShapes[alg] : undefined;
  return (
    shape !== undefined &&
    key.kty === shape.kty &&
    (shape.crv === undefined || key.crv === shape.crv) &&
    (key.alg === undefined || key.alg === alg)
  );
}

function importOnce(imported: Map<string, ReturnType<KeyImport>>, name: string, key: JWK, alg: string) {
  let importing = imported.get(name);
  if (importing === undefined) {
    // jose takes a key only when its `use` is absent or `sig`; what it may be used for was decided above.
    const { use: _use, key_ops: _operations, ...bare } = key;
    importing = importJWK(bare, alg);
    importing.catch(() => undefined);
    imported.set(name, importing);
  }
  return importing;
}
