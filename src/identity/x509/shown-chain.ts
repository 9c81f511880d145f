import { createHash, X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { unproven } from '../refusal.js';
import { isStrongKey } from './certificate.js';

/** DER of what a connection has shown, the caller's own certificate first; that the caller has its key, TLS has proved. */
export type ShownChain = readonly [Uint8Array, ...Uint8Array[]];

/** Nobody is believed with more, and each that is looked at costs time. */
export const longestChain = 8;

const sha256 = (of: Uint8Array | string): string => createHash('sha256').update(of).digest('base64url');

/** RFC 8705 section 3.1, `x5t#S256`: of the caller's own certificate. */
export const thumbprintOf = ([own]: ShownChain): string => sha256(own);

/** Same for the same chain. */
export const digestOf = (chain: ShownChain): string => sha256(chain.map(sha256).join(' '));

/** RFC 7638 thumbprint of the key of the caller's own certificate. Throws `x509.weak_key` for one that has none, or is weak. */
export async function keyOf([own]: ShownChain): Promise<string> {
  const { publicKey } = new X509Certificate(own);
  if (!isStrongKey(publicKey)) throw unproven('x509.weak_key');
  return calculateJwkThumbprint(publicKey.export({ format: 'jwk' }));
}
