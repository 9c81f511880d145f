import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, CompactSign, createLocalJWKSet } from 'jose';
import { z } from 'zod';
import type { Checkpoint, CheckpointSigner } from './checkpoint.js';
import { publicJwk } from './public-keys.js';
import type { PublicKey } from './public-keys.js';

/** RFC 7515 section 4.1.9: so that a signature of ours can be taken for nothing else. */
const typ = 'protem-checkpoint+jws';

const payload = z.strictObject({
  chain: z.string(),
  seq: z.int().min(1),
  id: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime().transform((text) => Date.parse(text)),
  installation: z.string(),
  epoch: z.int().min(0),
});

/**
 * Signs checkpoints with Ed25519 (EdDSA) or P-256 (ES256). The `kid` of a key is its thumbprint (RFC 7638), so a new key
 * is a new `kid`, and the one before goes to `retired`.
 * @param key PKCS#8 PEM, or a private JWK as JSON.
 * @throws Error that says what is wrong with the key, and quotes nothing of it.
 */
export async function checkpointSigner(
  key: string,
  retired: readonly PublicKey[] = [],
): Promise<CheckpointSigner> {
  const privateKey = readPrivateKey(key);
  const alg = privateKey.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'ES256';
  const own = await named(publicJwk.parse(createPublicKey(privateKey).export({ format: 'jwk' })));
  const before = await Promise.all(retired.map(named));
  return {
    keys: { keys: [own, ...before.filter(({ kid }) => kid !== own.kid)] },
    sign: ({ at, ...rest }) =>
      new CompactSign(Buffer.from(JSON.stringify({ ...rest, at: new Date(at).toISOString() })))
        .setProtectedHeader({ alg, kid: own.kid!, typ })
        .sign(privateKey),
  };
}

async function named(jwk: PublicKey): Promise<PublicKey> {
  const alg = jwk.kty === 'OKP' ? 'EdDSA' : 'ES256';
  return { ...jwk, kid: await calculateJwkThumbprint(jwk as never), alg, use: 'sig' } as PublicKey;
}

function readPrivateKey(text: string): KeyObject {
  let key: KeyObject;
  try {
    key = text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text) as never, format: 'jwk' })
      : createPrivateKey(text);
  } catch {
    throw new Error('audit.signingKey is neither a PKCS#8 PEM nor a private JWK');
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ed25519' || curve === 'prime256v1') return key;
  throw new Error('audit.signingKey is neither an Ed25519 nor a P-256 key');
}

/** What a signed checkpoint says. Rejects unless one of `keys` has signed it, as a checkpoint. */
export async function verifyCheckpoint(jws: string, keys: readonly PublicKey[]): Promise<Checkpoint> {
  const found = await Promise.all(keys.map(named));
  const { payload: bytes, protectedHeader } = await compactVerify(
    jws,
    createLocalJWKSet({ keys: found as never }),
    { algorithms: ['EdDSA', 'ES256'] },
  );
  if (protectedHeader.typ !== typ) throw new Error('It is signed, and is no checkpoint.');
  return payload.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}
