import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** Signs with node:crypto, beside jose, so that what jose verifies was not made by jose. */
export interface Signer {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

const curves: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function makeSigner(alg: string, kid: string): Signer {
  const pair =
    alg === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : alg.startsWith('ES')
        ? generateKeyPairSync('ec', { namedCurve: curves[alg] ?? 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    alg,
    kid,
    privateKey: pair.privateKey,
    publicJwk: { ...pair.publicKey.export({ format: 'jwk' }), kid },
  };
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export function rawSignature(signer: Signer, input: string, alg: string = signer.alg): Buffer {
  const digest = `sha${alg.slice(2)}`;
  if (alg === 'EdDSA') return sign(null, Buffer.from(input), signer.privateKey);
  if (alg.startsWith('ES'))
    return sign(digest, Buffer.from(input), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('PS'))
    return sign(digest, Buffer.from(input), {
      key: signer.privateKey,
      padding: 6, // RSA_PKCS1_PSS_PADDING
      saltLength: Number(alg.slice(2)) / 8,
    });
  return sign(digest, Buffer.from(input), signer.privateKey);
}

/** A compact JWS over exactly this header (given over `alg` and `kid`; undefined removes) and payload. */
export function signJws(
  signer: Signer,
  payload: unknown,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const full = { alg: signer.alg, kid: signer.kid, ...header };
  const input = `${encode(full)}.${encode(payload)}`;
  return `${input}.${rawSignature(signer, input).toString('base64url')}`;
}

export function hmacJws(key: string, payload: unknown, header: Readonly<Record<string, unknown>>): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

export const unsignedJws = (
  payload: unknown,
  header: Readonly<Record<string, unknown>>,
  signature = '',
): string => `${encode(header)}.${encode(payload)}.${signature}`;

export const jwksOf = (...signers: readonly Signer[]) => ({ keys: signers.map((one) => one.publicJwk) });

export const bundleOf = (...signers: readonly Signer[]) => ({
  keys: signers.map((one) => ({ ...one.publicJwk, use: 'jwt-svid' })),
});
