import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { Secret } from '../../src/kernel/secret.js';
import { messageOf } from '../../src/notification/notice.js';
import { notificationSettings } from '../../src/notification/notification-settings.js';
import type { NoticeTarget } from '../../src/notification/notification-settings.js';
import { attempts, againInMs } from '../../src/notification/schedule.js';
import { send } from '../../src/notification/send.js';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const older = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function receiver(status: number, headers: Record<string, string> = {}) {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      received.push({ path: req.url ?? '', headers: req.headers, body });
      res.writeHead(status, headers).end('thanks');
    });
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`, received };
}

const targetAt = (url: string, over: Partial<NoticeTarget> = {}): NoticeTarget => ({
  url,
  secrets: [new Secret(secret), new Secret(older)],
  types: ['approval.requested'],
  allowPrivate: true,
  ...over,
});
const message = messageOf(
  { type: 'approval.requested', subject: 'apr_0123456789abcdef', at: 1_893_456_000_000 },
  { approval: 'apr_0123456789abcdef', credential: 'payments-admin' },
);

test.each([secret, older])('REV-04: the receiver that the npm package makes verifies it', async (key) => {
  const { url, received } = await receiver(204);
  expect(await send(targetAt(url), message, Date.now())).toEqual({ is: 'delivered' });
  const [one] = received;
  const headers = one!.headers as Record<string, string>;
  expect(new Webhook(key).verify(one!.body, headers)).toEqual({
    type: 'approval.requested',
    timestamp: '2030-01-01T00:00:00.000Z',
    data: { approval: 'apr_0123456789abcdef', credential: 'payments-admin' },
  });
  expect(headers['webhook-id']).toBe(message.id);
  expect(() => new Webhook(key).verify(`${one!.body} `, headers)).toThrow();
});

test('REV-04: a redirect to the metadata service is not followed, and is a failure', async () => {
  const { url, received } = await receiver(302, { location: 'http://169.254.169.254/latest/' });
  expect(await send(targetAt(url), message, Date.now())).toEqual({ is: 'failed', why: 'answered 302' });
  expect(received).toHaveLength(1);
  const elsewhere = await receiver(204);
  const there = await receiver(307, { location: elsewhere.url });
  await send(targetAt(there.url), message, Date.now());
  expect(elsewhere.received).toEqual([]);
});

test('REV-04: 410 says that the receiver wants no more', async () => {
  const { url } = await receiver(410);
  expect(await send(targetAt(url), message, Date.now())).toEqual({ is: 'gone' });
});

test.each(['', 'localhost'])('REV-04: nothing is sent into a private network (%s)', async (host) => {
  const { url, received } = await receiver(204);
  const at = host === '' ? url : url.replace('127.0.0.1', host);
  const sent = await send(targetAt(at, { allowPrivate: false }), message, Date.now());
  expect(sent).toMatchObject({ is: 'failed', why: expect.stringContaining('public internet') });
  expect(received).toEqual([]);
});

test('REV-04: attempts go on for three days, each with some jitter', () => {
  const all = (random: number) =>
    Array.from({ length: attempts - 1 }, (_, index) => againInMs(index + 1, () => random)).reduce(
      (sum, delay) => sum + delay,
      0,
    );
  expect(all(0)).toBeGreaterThan(3 * 86_400_000);
  expect(all(1)).toBeGreaterThan(all(0));
  expect(againInMs(1, () => 0)).toBe(5000);
});

test.each([
  ['plain http', { url: 'http://example.com/x' }],
  ['a password in the address', { url: 'https://u:p@example.com/x' }],
  ['a secret that is none', { secrets: [new Secret('whsec_short')] }],
  ['a type that there is not', { types: ['lease.revoked'] }],
])('the settings refuse %s', (_what, over) => {
  const target = { url: 'https://example.com/x', secrets: [new Secret(secret)], ...over };
  expect(notificationSettings.safeParse({ chat: target }).success).toBe(false);
});
