import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../kernel/secret.js';
import { deliveryIdIn, unproven } from './delivery.js';
import type { Delivery, Proven } from './delivery.js';

const digest = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/**
 * Verifies a delivery by a secret that it carries: `Authorization: Bearer <secret>`, or the bare secret in another
 * header. The weakest scheme: it proves the sender but not the body, and whoever reads one delivery can send any.
 * Digests are compared, so that neither the content nor the length of a secret shows in the time it takes.
 * @throws Fault hook.unproven
 */
export function proveBearer(
  delivery: Delivery,
  secrets: readonly Secret[],
  { header, deliveryHeader }: { header: string; deliveryHeader?: string | undefined },
): Proven {
  const value = delivery.headers[header];
  if (value === undefined) throw unproven(`no ${header} header`);
  const given = header === 'authorization' ? /^Bearer +(\S+)$/i.exec(value)?.[1] : value;
  if (given === undefined) throw unproven('the authorization header is not "Bearer <secret>"');
  const matches = secrets.map((secret) => timingSafeEqual(digest(given), digest(secret.reveal())));
  if (!matches.includes(true)) throw unproven('the secret is none of those configured');
  return {
    deliveryId:
      deliveryHeader === undefined
        ? `sha256:${digest(delivery.rawBody).toString('hex')}`
        : deliveryIdIn(delivery, deliveryHeader),
  };
}
