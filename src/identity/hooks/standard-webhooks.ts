import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { Secret } from '../../kernel/secret.js';
import { deliveryIdIn, unproven } from './delivery.js';
import type { Delivery, Proven } from './delivery.js';

/** A signer that rotates sends a signature per key; nobody has this many. */
const mostSignatures = 16;

/**
 * Verifies a delivery by Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec): headers
 * `webhook-id`, `webhook-timestamp` (seconds), `webhook-signature` (blank-separated `v1,<base64 HMAC-SHA256>` and
 * `v1a,<base64 ed25519>`), signed text `<id>.<timestamp>.<raw body>`. Any of the secrets will do, so that they can
 * be rotated: `whsec_` is a shared key, `whpk_` a public one.
 * @throws Fault hook.unproven
 */
export function proveStandardWebhook(
  delivery: Delivery,
  secrets: readonly Secret[],
  { toleranceSeconds, now }: { toleranceSeconds: number; now: number },
): Proven {
  const id = deliveryIdIn(delivery, 'webhook-id');
  if (id.includes('.')) throw unproven('the webhook-id header has a "."');
  const timestamp = delivery.headers['webhook-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(timestamp)) throw unproven('the webhook-timestamp header is not a time in seconds');
  const ageSeconds = Math.floor(now / 1000) - Number(timestamp);
  if (Math.abs(ageSeconds) > toleranceSeconds)
    throw unproven(`the timestamp lies too far in the ${ageSeconds > 0 ? 'past' : 'future'}`);

  const signatures = (delivery.headers['webhook-signature'] ?? '').split(' ').filter((one) => one !== '');
  if (signatures.length === 0) throw unproven('no webhook-signature header');
  if (signatures.length > mostSignatures) throw unproven('too many signatures');
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), delivery.rawBody]);
  if (!secrets.some((secret) => signsOne(secret, signed, signatures)))
    throw unproven('no signature is of any of the secrets');
  return { deliveryId: id, signedAt: Number(timestamp) * 1000 };
}

function signsOne(secret: Secret, signed: Buffer, signatures: readonly string[]): boolean {
  const shared = sharedKey(secret.reveal());
  if (shared) {
    const expected = createHmac('sha256', shared).update(signed).digest();
    return valuesOf(signatures, 'v1', expected.length).some((value) => timingSafeEqual(value, expected));
  }
  const key = publicKey(secret.reveal());
  return (
    key !== undefined && valuesOf(signatures, 'v1a', 64).some((value) => verify(null, signed, key, value))
  );
}

/** The signatures of one version, decoded; those of another length are not of it. */
const valuesOf = (signatures: readonly string[], version: string, bytes: number): Buffer[] =>
  signatures
    .filter((signature) => signature.startsWith(`${version},`))
    .map((signature) => Buffer.from(signature.slice(version.length + 1), 'base64'))
    .filter((value) => value.length === bytes);

const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function keyAfter(text: string, prefix: string): Buffer | undefined {
  const encoded = text.slice(prefix.length);
  return text.startsWith(prefix) && base64Pattern.test(encoded) ? Buffer.from(encoded, 'base64') : undefined;
}

/** The bytes of a `whsec_` key of 24 to 64 bytes; undefined when it is none. */
export function sharedKey(text: string): Buffer | undefined {
  const bytes = keyAfter(text, 'whsec_');
  return bytes && bytes.length >= 24 && bytes.length <= 64 ? bytes : undefined;
}

/** The ed25519 public key of a `whpk_` text; undefined when it is none. */
export function publicKey(text: string) {
  const bytes = keyAfter(text, 'whpk_');
  if (bytes?.length !== 32) return undefined;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}
