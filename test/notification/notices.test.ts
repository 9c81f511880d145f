import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { decideApproval } from '../../src/broker/approvals.js';
import { Secret } from '../../src/kernel/secret.js';
import { bullmqNoticeQueue, bullmqNoticeWorker } from '../../src/notification/bullmq-notices.js';
import { deliverNotice, queueNotices } from '../../src/worker/notices.js';
import type { Targets } from '../../src/worker/notices.js';
import { ann, askingBroker } from '../fake/asking.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of closing.splice(0).reverse()) await step();
});

/** Answers with each of the statuses in turn, then 204; `bodies` resolves when there are so many. */
async function receiver(...statuses: number[]) {
  const bodies: string[] = [];
  let look = () => {};
  const server: Server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      bodies.push(body);
      res.writeHead(statuses.shift() ?? 204).end();
      look();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const until = (count: number) =>
    new Promise<string[]>((resolve) => {
      look = () => bodies.length >= count && resolve(bodies);
      look();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies, until };
}

async function telling(url: string) {
  const asked = await askingBroker();
  const prefix = uniquePrefix();
  const connection = await connected(backends[0]!.url, 'waiting');
  const targets: Targets = {
    chat: {
      url,
      secrets: [new Secret(`whsec_${Buffer.alloc(32, 7).toString('base64')}`)],
      types: ['approval.requested', 'approval.decided', 'breakglass.opened', 'breakglass.expired'],
      allowPrivate: true,
    },
  };
  const queue = bullmqNoticeQueue(connection, prefix);
  const moving = queueNotices(asked.ports, targets, queue, 'https://protem.example.org');
  const worker = bullmqNoticeWorker({ connection, prefix, onError: () => {}, againInMs: () => 10 }, (job) =>
    deliverNotice(asked.ports, targets, job),
  );
  closing.push(
    () => queue.close(),
    () => worker.close(),
    () => moving.close(),
  );
  return asked;
}

test('APR-05: whoever is to be told hears of a question and of its answer, with a link and no argument', async () => {
  const { url, until } = await receiver();
  const { ask, ports } = await telling(url);
  const { id, digest } = await ask({ reason: 'my own words', parameters: { prefix: 'reports/private/' } });
  const [first] = await until(1);
  expect(JSON.parse(first!)).toMatchObject({
    type: 'approval.requested',
    data: {
      approval: id,
      digest,
      credential: 'pretend-entry',
      ttl: '10m',
      url: `https://protem.example.org/console/approvals/${id}`,
    },
  });
  await decideApproval(ports, ann, id, { is: 'approve' });
  const all = await until(2);
  expect(JSON.parse(all[1]!)).toMatchObject({ type: 'approval.decided', data: { status: 'approved' } });
  expect(all.join()).not.toMatch(/my own words|private/);
});

test('REV-04: what was not taken is sent again, the same', async () => {
  const { url, until } = await receiver(500, 302);
  const { ask } = await telling(url);
  await ask();
  const [first, second, third] = await until(3);
  expect([second, third]).toEqual([first, first]);
});

test('REV-04: after 410 a target is told nothing more, and the audit log says so', async () => {
  const { url, until, bodies } = await receiver(410);
  const { ask, events, ledger } = await telling(url);
  await ask();
  await until(1);
  const disabled = async () => (await events()).some(({ type }) => type === 'notification.disabled');
  while (!(await disabled())) await new Promise((resolve) => setImmediate(resolve));
  await ask({ reason: 'another' });
  while ((await ledger.notices.waiting(1)).length > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(bodies).toHaveLength(1);
});
