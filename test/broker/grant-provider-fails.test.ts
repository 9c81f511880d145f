import { beforeEach, describe, expect, test } from '@jest/globals';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import { grant } from '../../src/broker/grant.js';
import { openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { opening, request, until } from './granting.js';

let ledger: Ledger;
let provider: PretendProvider;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  provider = pretendProvider();
});

describe('when the provider fails', () => {
  test.each(['provider.throttled', 'provider.refused', 'provider.nonsense'] as const)(
    '%s is the answer, and the reservation is taken back',
    async (code) => {
      const { ports, settled } = brokerPorts(ledger, [provider]);
      const task = await openTask(ports, agent, opening);
      provider.failing.issue = new Fault(code, 'public words', { cause: new Error('upstream words') });
      await expect(grant(ports, agent, request(task.id))).rejects.toMatchObject({ code });
      await settled();
      const [lease] = (await ledger.leases.list({ task: task.id, pageSize: 10 })).items;
      expect(lease).toMatchObject({ state: 'revoked', cause: 'mint_unresolved' });
    },
  );

  test.each(['provider.unavailable', 'provider.timeout'] as const)(
    'I2: after %s of the provider itself it may still be minting: revoking begins, and is final only later',
    async (code) => {
      const { ports, settled } = brokerPorts(ledger, [provider]);
      const task = await openTask(ports, agent, opening);
      provider.failing.issue = new Fault(code, 'public words');
      await expect(grant(ports, agent, request(task.id))).rejects.toMatchObject({ code });
      await settled();
      const [lease] = (await ledger.leases.list({ task: task.id, pageSize: 10 })).items;
      expect(lease).toMatchObject({ state: 'revoking', cause: 'mint_unresolved' });
      expect(provider.calls).toContain(`revoke ${lease!.id}`);
      expect((await ledger.leases.claimDue('pretend', 10)).nextDueAt).toBe(lease!.mintUntil);
    },
  );

  test('I2: what is made after its lease is over is taken back by the one who made it', async () => {
    const { ports, settled } = brokerPorts(ledger, [provider]);
    const impatient = { ...ports, limits: { ...ports.limits, mintTimeoutMs: 1 } };
    const task = await openTask(ports, agent, opening);
    let release = () => {};
    provider.hold.beforeIssue = new Promise((resolve) => (release = resolve));
    await expect(grant(impatient, agent, request(task.id))).rejects.toMatchObject({
      code: 'provider.timeout',
    });
    await until(async () => {
      await dispatchDue(ports, 'pretend');
      await settled();
      const [lease] = (await ledger.leases.list({ task: task.id, pageSize: 10 })).items;
      return lease?.state === 'revoked';
    });
    const before = provider.calls.length;
    provider.teaching = false;
    release();
    await until(() => Promise.resolve(provider.calls.length > before));
    expect(provider.live.size).toBe(0);
  });

  test('I2: a slow provider is not waited for, and what it makes later is taken back', async () => {
    const { ports, settled } = brokerPorts(ledger, [provider]);
    const impatient = { ...ports, limits: { ...ports.limits, mintTimeoutMs: 500 } };
    const task = await openTask(ports, agent, opening);
    let release = () => {};
    provider.hold.beforeIssue = new Promise((resolve) => (release = resolve));
    await expect(grant(impatient, agent, request(task.id))).rejects.toMatchObject({
      code: 'provider.timeout',
    });
    await settled();
    release();
    await until(async () => {
      const [lease] = (await ledger.leases.list({ task: task.id, pageSize: 10 })).items;
      return (
        lease?.state === 'revoked' && provider.calls.filter((call) => call.startsWith('revoke')).length > 1
      );
    });
    expect(provider.live.size).toBe(0);
  });
});
