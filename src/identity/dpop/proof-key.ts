import { calculateJwkThumbprint, importJWK, type CryptoKey, type JWK } from 'jose';
import { LRUCache } from 'lru-cache';
import { isFactorable } from '../weak-key.js';
import { invalidProof } from './flaw.js';

/** Which keys an algorithm takes (RFC 7518 section 3.1, RFC 8037, RFC 9864): all asymmetric. */
const keyShapes = {
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
} as const satisfies Record<string, { readonly kty: string; readonly crv?: string }>;

/** What a challenge tells (RFC 9449 section 7.1). */
export const proofAlgorithms = Object.keys(keyShapes);

/** RFC 7518 sections 6.2 and 6.3: what makes each kind of public key. */
const publicMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  RSA: ['n', 'e'],
};
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const largestModulusBytes = 512;

export interface ProofKey {
  /** Its RFC 7638 SHA-256 thumbprint. */
  readonly thumbprint: string;
  readonly key: CryptoKey | Uint8Array;
}

const imported = new LRUCache<string, ProofKey>({ max: 2000 });

/** The public key that a proof brings along, of one spelling only. @throws Fault dpop.invalid */
export async function readProofKey(alg: string, jwk: unknown): Promise<ProofKey> {
  if (!Object.hasOwn(keyShapes, alg)) throw invalidProof('dpop.algorithm');
  const shape: { kty: string; crv?: string } = keyShapes[alg as keyof typeof keyShapes];
  if (typeof jwk !== 'object' || jwk === null) throw invalidProof('dpop.key');
  if (privateMembers.some((name) => name in jwk)) throw invalidProof('dpop.private_key');
  const { kty, crv } = jwk as JWK;
  if (kty !== shape.kty || (shape.crv !== undefined && crv !== shape.crv)) throw invalidProof('dpop.key');
  const members = publicMembers[kty]!.map((name) => [name, (jwk as Record<string, unknown>)[name]] as const);
  if (!members.every(([name, value]) => name === 'crv' || isPlainBase64url(value)))
    throw invalidProof('dpop.key');
  const bare: JWK = { kty, ...Object.fromEntries(members) };
  if (bare.n !== undefined && Buffer.from(bare.n, 'base64url').length > largestModulusBytes)
    throw invalidProof('dpop.key');
  if (isFactorable(bare)) throw invalidProof('dpop.key');
  const thumbprint = await calculateJwkThumbprint(bare, 'sha256');
  const known = imported.get(`${alg} ${thumbprint}`);
  if (known) return known;
  const made = { thumbprint, key: await importKey(bare, alg) };
  imported.set(`${alg} ${thumbprint}`, made);
  return made;
}

const importKey = (bare: JWK, alg: string): Promise<CryptoKey | Uint8Array> =>
  importJWK(bare, alg).catch((cause: unknown) => {
    throw invalidProof('dpop.key', cause);
  });

const isPlainBase64url = (value: unknown): value is string =>
  typeof value === 'string' &&
  value !== '' &&
  Buffer.from(value, 'base64url').toString('base64url') === value;
