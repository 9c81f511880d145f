import { createHmac, randomBytes } from 'node:crypto';

/** What an orchestrator does to send a Standard Webhook: HMAC-SHA256 over `id.timestamp.body`. */
export function signWebhook(whsec: string, body: string, now = Date.now()): Record<string, string> {
  const id = `msg_${randomBytes(12).toString('hex')}`;
  const timestamp = String(Math.floor(now / 1000));
  const key = Buffer.from(whsec.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
