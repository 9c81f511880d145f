import { calculateJwkThumbprint, CompactEncrypt, importJWK } from 'jose';
import { isFactorable } from '../../identity/weak-key.js';
import { Fault } from '../../kernel/fault.js';
import type { PublicKey } from './public-key.js';

/** Encrypts to one key; what it makes only the holder of the private key can read. */
export interface Seal {
  /** RFC 7638 SHA-256 thumbprint of the key. */
  readonly thumbprint: string;
  /** A compact JWE (RFC 7516) whose plaintext is the JSON of the value. */
  readonly seal: (value: unknown) => Promise<string>;
}

const unusable = (detail: string, cause?: unknown): Fault =>
  new Fault('delivery.key', 'The secret cannot be encrypted to this key.', {
    errors: [{ pointer: '/encryptTo', detail }],
    cause,
  });

const bitsOf = (modulus: string): number =>
  Buffer.from(modulus, 'base64url').toString('hex').replace(/^0+/, '').length * 4;

/** What makes the key, and nothing that says what it is for. */
function bare(key: PublicKey) {
  if (key.kty === 'RSA') return { kty: key.kty, n: key.n, e: key.e };
  if (key.kty === 'OKP') return { kty: key.kty, crv: key.crv, x: key.x };
  return { kty: key.kty, crv: key.crv, x: key.x, y: key.y };
}

/**
 * ECDH-ES+A256KW for curves, RSA-OAEP-256 for RSA (RFC 7518 sections 4.3 and 4.6), the content with A256GCM. The key is
 * tried before anything is minted: one that cannot be used is Fault `delivery.key`.
 */
export async function openSeal(key: PublicKey): Promise<Seal> {
  if (key.kty === 'RSA' && (bitsOf(key.n) < 2048 || bitsOf(key.n) > 4096))
    throw unusable('an RSA key of 2048 to 4096 bits is needed');
  if (isFactorable(bare(key))) throw unusable('anyone can compute the private half of this key (ROCA)');
  const alg = key.kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW';
  try {
    const imported = await importJWK(bare(key), alg);
    const thumbprint = await calculateJwkThumbprint(bare(key), 'sha256');
    const header = { alg, enc: 'A256GCM', kid: key.kid ?? thumbprint, cty: 'json' };
    const seal = (value: unknown) =>
      new CompactEncrypt(Buffer.from(JSON.stringify(value))).setProtectedHeader(header).encrypt(imported);
    // A point of small order is a key of that shape, and encrypts nothing.
    await seal({});
    return { thumbprint, seal };
  } catch (cause) {
    throw unusable('it is not a key that can be encrypted to', cause);
  }
}
