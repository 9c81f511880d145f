import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../kernel/secret.js';
import { deliveryIdIn, unproven } from './delivery.js';
import type { Delivery, Proven } from './delivery.js';

/**
 * Verifies a delivery of GitHub: `X-Hub-Signature-256: sha256=<hex HMAC-SHA256>` over the raw body (GitHub docs,
 * "Validating webhook deliveries"). It signs neither the time nor the delivery id, so an old delivery cannot be told
 * from a new one; it can only end again what it ended before.
 * @throws Fault hook.unproven
 */
export function proveGithubDelivery(delivery: Delivery, secrets: readonly Secret[]): Proven {
  const deliveryId = deliveryIdIn(delivery, 'x-github-delivery');
  const header = delivery.headers['x-hub-signature-256'];
  if (header === undefined) throw unproven('no x-hub-signature-256 header');
  const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(header) ?? [];
  if (hex === undefined) throw unproven('the x-hub-signature-256 header is not a signature');
  const given = Buffer.from(hex, 'hex');
  const matches = secrets.map((secret) =>
    timingSafeEqual(given, createHmac('sha256', secret.reveal()).update(delivery.rawBody).digest()),
  );
  if (!matches.includes(true)) throw unproven('the signature is of none of the secrets');
  return { deliveryId };
}
