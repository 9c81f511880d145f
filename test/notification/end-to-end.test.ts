import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { Secret } from '../../src/kernel/secret.js';
import { trustSettings } from '../../src/sandbox/issuer/trust-settings.js';
import { apiClient } from '../../src/sandbox/story/api-client.js';
import type { Json } from '../../src/sandbox/story/api-client.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';

const key = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** A rule for each role; whoever takes in an emergency may also approve and review, of others. */
const rules = trustSettings({ url: '', trustDomain: '', audience: '', bundleUrl: '' }).issuers[0]!.rules.map(
  (rule) => ('roles' in rule ? { ...rule, roles: [...rule.roles, 'approver'] } : rule),
);

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A relay to somebody's pager, as anyone could write it. */
const received: Received[] = [];
const waiting = new Set<() => void>();
const relay = createServer((req, res) => {
  let text = '';
  req.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  req.on('end', () => {
    received.push({ headers: req.headers, text });
    res.writeHead(204).end();
    for (const look of waiting) look();
  });
});

/** What was told of this, as the verifier of the package gives it back. */
const told = (type: string, subject: string) =>
  new Promise<Json>((found, failed) => {
    const look = () => {
      const one = received.find(({ headers }) => headers['webhook-id'] === `msg_${type}_${subject}`);
      if (!one) return;
      waiting.delete(look);
      try {
        found(new Webhook(key).verify(one.text, one.headers as Record<string, string>));
      } catch (error) {
        failed(error as Error);
      }
    };
    waiting.add(look);
    look();
  });

let broker: Awaited<ReturnType<typeof startSandboxBroker>>;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}/protem`;
  broker = await startSandboxBroker({
    'issuers.0.rules': rules,
    'notifications.pager': { url, secrets: [new Secret(key)], allowPrivate: true },
  });
  const { issuer } = broker.sandbox;
  for (const role of ['breakglass', 'approver', 'admin'])
    tokens[role] = await issuer.mintToken({ sub: role, kind: 'operator', role });
  tokens['peter'] = await issuer.mintToken({ sub: 'peter', kind: 'operator', role: 'approver' });
  tokens['orchestrator'] = await issuer.mintToken({ sub: 'argo', kind: 'orchestrator' });
  tokens['agent'] = await issuer.mintSvid(`spiffe://${issuer.trustDomain}/agent/reporter`);
}, 120_000);
afterAll(async () => {
  await broker?.close();
  relay.close();
});

const call = (method: string, path: string, who: string, body?: object) =>
  apiClient(broker.places.api, { attempts: 5 }).call(method, path, tokens[who], body);

test('BRG-03: breakglass.opened is told at once, signed and without a secret; its user cannot review it', async () => {
  const taken = await call('POST', '/v1/break-glass', 'breakglass', {
    credential: 'payments-admin',
    reason: 'payments are stuck and nobody answers',
    ticket: 'INC-4711',
    ttl: '2m',
  });
  expect(taken.status).toBe(201);
  const { id } = taken.body.breakGlass;
  const { type, data } = await told('breakglass_opened', id);
  expect({ type, ...data }).toMatchObject({
    type: 'breakglass.opened',
    break_glass: id,
    operator: 'operator:breakglass',
    credential: 'payments-admin',
    ticket: 'INC-4711',
    ttl: '2m',
  });
  expect(new URL(data.url).pathname).toBe(`/console/break-glass/${id}`);
  const all = received.map(({ text }) => text).join();
  for (const secret of Object.values<string>(taken.body.secret)) expect(all).not.toContain(secret);
  expect(all).not.toContain('nobody answers');

  const review = { outcome: 'justified', note: 'the pager log agrees' };
  const own = await call('POST', `/v1/break-glass/${id}/review`, 'breakglass', review);
  expect([own.status, own.body.code]).toEqual([403, 'breakglass.own_review']);
  expect((await call('POST', `/v1/break-glass/${id}/review`, 'approver', review)).status).toBe(200);
}, 60_000);

test('APR-05: whoever may answer is told of a question and of its answer, signed, with a link and no argument', async () => {
  const task = await call('POST', '/v1/tasks', 'orchestrator', {
    intent: 'Refund order 4711',
    deadline: '1h',
    agent: `spiffe://${broker.sandbox.issuer.trustDomain}/agent/reporter`,
    labels: { team: 'payments' },
    onBehalfOf: 'carol@example.com',
    tools: ['payments.change'],
  });
  const asked = await call('POST', `/v1/tasks/${task.body.id}/credentials`, 'agent', {
    credential: 'payments-admin',
    ttl: '5m',
    tool: 'payments.change',
    reason: 'my own words',
  });
  expect(asked.status).toBe(202);
  const { id, digest } = asked.body.approval;
  const question = await told('approval_requested', id);
  expect(question).toMatchObject({ type: 'approval.requested', data: { approval: id, digest } });
  expect(new URL(question.data.url).pathname).toBe(`/console/approvals/${id}`);
  for (const who of ['approver', 'peter'])
    await call('POST', `/v1/approvals/${id}/decision`, who, { decision: 'approve' });
  expect(await told('approval_decided', id)).toMatchObject({ data: { status: 'approved' } });
  expect(received.map(({ text }) => text).join()).not.toContain('my own words');
}, 60_000);
