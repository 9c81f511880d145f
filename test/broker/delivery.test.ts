import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import type { JWK } from 'jose';
import { grant } from '../../src/broker/grant.js';
import { renew } from '../../src/broker/renew.js';
import { openTask } from '../../src/broker/tasks.js';
import type { PublicKey } from '../../src/issuance/sealing/public-key.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Ask } from '../../src/policy/decision.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { openByHand } from '../issuance/sealing/open-by-hand.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encryptTo = pair.publicKey.export({ format: 'jwk' }) as unknown as PublicKey;
const thumbprint = await calculateJwkThumbprint(pair.publicKey.export({ format: 'jwk' }) as JWK);
const proved = { ...agent, boundTo: thumbprint, provedBy: thumbprint };

let ledger: Ledger;
let provider: PretendProvider;
beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  provider = pretendProvider();
});

const opened = async (ports: ReturnType<typeof brokerPorts>['ports']) => {
  const task = await openTask(ports, agent, { intent: 'x', deadlineAt: Date.now() + 3_600_000, labels: {} });
  return { task: task.id, credential: 'pretend-entry', parameters: {} };
};
const eventsOf = async (task: string) =>
  (await ledger.log.read({ subject: task, pageSize: 100 })).items.map((record) => record.event);

describe('a secret that is encrypted to the key of the agent', () => {
  test('is what that key opens, and the log says to which it was', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const request = await opened(ports);
    const { lease, secret } = await grant(ports, proved, { ...request, encryptTo });
    const { jwe, ...rest } = secret.reveal() as { jwe: string };
    expect(rest).toEqual({});
    expect(openByHand(jwe, pair.privateKey).plaintext).toEqual({ password: `pw-of-${lease.id}` });
    expect((await eventsOf(request.task)).find(({ type }) => type === 'lease.reserved')).toMatchObject({
      jkt: thumbprint,
      senderConstrained: true,
      asked: { encryptedTo: thumbprint },
    });
  });

  test.each([
    ['no proof', agent],
    ['a proof by another key', { ...agent, provedBy: 'a'.repeat(43) }],
    ['a token that is bound to it, and no proof', { ...agent, boundTo: thumbprint }],
  ])('needs a key that is known to be its own: %s is not enough', async (_what, principal) => {
    const { ports } = brokerPorts(ledger, [provider]);
    const request = await opened(ports);
    await expect(grant(ports, principal, { ...request, encryptTo })).rejects.toMatchObject({
      code: 'delivery.key',
    });
    expect(provider.calls).toEqual([]);
    expect((await eventsOf(request.task)).at(-1)).toMatchObject({
      type: 'credential.refused',
      fault: 'delivery.key',
    });
  });

  test('may be encrypted to the key that a claim of the token names, or to any where the settings say so', async () => {
    const { ports } = brokerPorts(ledger, [provider]);
    const named = { ...agent, encryptionKey: thumbprint };
    expect(
      (await grant(ports, named, { ...(await opened(ports)), encryptTo })).secret.reveal(),
    ).toHaveProperty('jwe');
    const lenient = { ...ports, limits: { ...ports.limits, encryptToAnyKey: true } };
    expect(
      (await grant(lenient, agent, { ...(await opened(ports)), encryptTo })).secret.reveal(),
    ).toHaveProperty('jwe');
  });

  test('is demanded by a catalog entry: nothing is minted in clear', async () => {
    const { ports } = brokerPorts(ledger, [provider], {
      policy: () => policyOf([entry('pretend', { deliver: 'encrypted' })]),
    });
    const request = await opened(ports);
    await expect(grant(ports, proved, request)).rejects.toMatchObject({ code: 'delivery.encrypted' });
    expect(provider.calls).toEqual([]);
    expect((await grant(ports, proved, { ...request, encryptTo })).secret.reveal()).toHaveProperty('jwe');
  });

  test('is something that policy sees', async () => {
    const asks: Ask[] = [];
    const deciding = policyOf([entry('pretend')]);
    const { ports } = brokerPorts(ledger, [provider], {
      policy: () => ({ ...deciding, decide: (ask) => (asks.push(ask as Ask), permitting()) }),
    });
    const request = await opened(ports);
    await grant(ports, proved, request);
    await grant(ports, proved, { ...request, encryptTo });
    expect(asks.map(({ encrypted }) => encrypted)).toEqual([false, true]);
  });

  test('stays so when a renewal brings another', async () => {
    provider = pretendProvider('pretend', { endsAfterMs: 60_000 });
    provider.renewing.replaces = true;
    const { ports } = brokerPorts(ledger, [provider], {
      policy: () => policyOf([entry('pretend', { deliver: 'encrypted' })]),
    });
    const { lease } = await grant(ports, proved, { ...(await opened(ports)), encryptTo, ttlSeconds: 60 });
    await expect(renew(ports, proved, { lease: lease.id, ttlSeconds: 600 })).rejects.toMatchObject({
      code: 'delivery.encrypted',
    });
    const { secret } = await renew(ports, proved, { lease: lease.id, ttlSeconds: 600, encryptTo });
    expect((await eventsOf(lease.taskId)).find(({ type }) => type === 'lease.renewing')).toMatchObject({
      jkt: thumbprint,
      asked: { encryptedTo: thumbprint },
    });
    const { jwe } = secret!.reveal() as { jwe: string };
    expect(openByHand(jwe, pair.privateKey).plaintext).toEqual({ password: `another-of-${lease.id}` });
  });
});
