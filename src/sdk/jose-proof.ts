import { SignJWT, exportJWK } from 'jose';
import type { CryptoKey, JWK, KeyObject } from 'jose';

/** A key pair whose private half signs a proof for each request. `publicKey` may be a key or its JWK. */
export interface DpopKey {
  readonly privateKey: CryptoKey | KeyObject;
  readonly publicKey: CryptoKey | KeyObject | JWK;
  /** Default ES256. */
  readonly algorithm?: string;
}

/** A DPoP proof (RFC 9449 section 4.2) for one request; `url` without its query, `nonce` where the broker gave one. */
export type ProofMaker = (method: string, url: string, token: string, nonce?: string) => Promise<string>;

export async function proofMaker({
  privateKey,
  publicKey,
  algorithm = 'ES256',
}: DpopKey): Promise<ProofMaker> {
  const jwk = await publicJwk(publicKey);
  return async (method, url, token, nonce) =>
    new SignJWT({
      htm: method,
      htu: url,
      jti: globalThis.crypto.randomUUID(),
      ath: await sha256(token),
      ...(nonce !== undefined && { nonce }),
    })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: algorithm, jwk })
      .setIssuedAt()
      .sign(privateKey);
}

const publicJwk = async (key: DpopKey['publicKey']): Promise<JWK> =>
  publicPart(isJwk(key) ? key : await exportJWK(key));

// A KeyObject and a CryptoKey have a `type`; a JWK has a `kty`.
const isJwk = (key: DpopKey['publicKey']): key is JWK => 'kty' in key;

/** Without what should not be there: a private part would be sent with every request. */
function publicPart({ kty, crv, x, y, n, e }: JWK): JWK {
  const kept = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as JWK;
}

async function sha256(text: string): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
