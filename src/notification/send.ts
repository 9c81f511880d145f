import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import { Agent, request } from 'undici';
import { sharedKey } from '../identity/hooks/standard-webhooks.js';
import type { Message } from './notice.js';
import type { NoticeTarget } from './notification-settings.js';
import { isPublicAddress, publicLookup } from './public-address.js';

export type Sent =
  | { readonly is: 'delivered' }
  /** 410: the receiver wants no more. */
  | { readonly is: 'gone' }
  | { readonly is: 'failed'; readonly why: string };

const timeoutMs = 15_000;

/**
 * One attempt, by Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` (seconds), and a `v1` signature (HMAC-SHA256
 * of `<id>.<timestamp>.<body>`) by each secret. No redirect is followed: whoever answers with one has not taken it.
 */
export async function send(target: NoticeTarget, message: Message, now: number): Promise<Sent> {
  const host = new URL(target.url).hostname.replace(/^\[|\]$/g, '');
  if (!target.allowPrivate && isIP(host) !== 0 && !isPublicAddress(host))
    return { is: 'failed', why: 'the address is not one of the public internet' };
  const timestamp = String(Math.floor(now / 1000));
  const dispatcher = new Agent({
    connect: { timeout: timeoutMs, ...(!target.allowPrivate && { lookup: publicLookup }) },
  });
  try {
    const { statusCode, body } = await request(target.url, {
      method: 'POST',
      dispatcher,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: {
        'content-type': 'application/json',
        'webhook-id': message.id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures(target, `${message.id}.${timestamp}.${message.body}`),
      },
      body: message.body,
    });
    await body.dump({ limit: 16_384 }).catch(() => {}); // what it says is of no interest
    if (statusCode >= 200 && statusCode < 300) return { is: 'delivered' };
    return statusCode === 410 ? { is: 'gone' } : { is: 'failed', why: `answered ${statusCode}` };
  } catch (error) {
    return { is: 'failed', why: error instanceof Error ? error.message : 'failed' };
  } finally {
    await dispatcher.destroy();
  }
}

const signatures = ({ secrets }: NoticeTarget, signed: string): string =>
  secrets
    .map((secret) => createHmac('sha256', sharedKey(secret.reveal())!).update(signed).digest('base64'))
    .map((signature) => `v1,${signature}`)
    .join(' ');
