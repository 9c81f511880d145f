import { beforeEach, describe, expect, test } from '@jest/globals';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import { grant } from '../../src/broker/grant.js';
import { silentMeter } from '../../src/broker/meter.js';
import { revoke } from '../../src/broker/revoke.js';
import { openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { agent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { ending, leased, openLedger, world as worldOf } from './revoking.js';

let ledger: Ledger;
let counted: (string | number | undefined)[][];

beforeEach(async () => {
  ledger = await openLedger();
  counted = [];
});

const world = (provider: PretendProvider) =>
  worldOf(ledger, provider, { meter: { ...silentMeter, revoked: (...facts) => void counted.push(facts) } });

describe('one attempt to revoke', () => {
  test('takes it back at the provider by its latest handle, and measures the lag', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    await revoke(ports, lease.id);
    expect(provider.live.size).toBe(0);
    const over = (await ledger.leases.find(lease.id))!;
    expect(over).toMatchObject({ state: 'revoked', attempts: 1 });
    const lagSeconds = (over.endedAt! - over.revocationRequestedAt!) / 1000;
    expect(counted).toEqual([['pretend', 'operator', 'revoked', lagSeconds]]);
  });

  test('I6: leaves alone what is over, unknown, or nobody asked to end', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    const calls = provider.calls.length;
    await revoke(ports, lease.id);
    await revoke(ports, 'lse_00000000000000');
    expect(provider.calls).toHaveLength(calls);
    await ending(ledger, lease.id);
    await revoke(ports, lease.id);
    await revoke(ports, lease.id);
    expect(provider.calls).toHaveLength(calls + 1);
    expect(counted).toHaveLength(1);
  });

  test('I6: two at once come to one end', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    await Promise.all([revoke(ports, lease.id), revoke(ports, lease.id)]);
    const { items } = await ledger.log.read({ subject: lease.id, pageSize: 50 });
    expect(items.filter(({ event }) => event.type === 'lease.revoked')).toHaveLength(1);
    expect(counted).toHaveLength(1);
  });

  test('I2: an attempt that looked before the credential was made is not its end', async () => {
    const provider = pretendProvider();
    const { ports, queued } = world(provider);
    const deadlineAt = ledger.clock() + 3_600_000;
    const task = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
    let mint = () => {};
    provider.hold.beforeIssue = new Promise((resolve) => (mint = resolve));
    const asking = grant(ports, agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
    let id: string | undefined;
    while (id === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      id = provider.calls[0]?.replace('issue ', '');
    }
    await ending(ledger, id);

    const { revoke: look } = provider;
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let looked = () => {};
    const hasLooked = new Promise<void>((resolve) => (looked = resolve));
    provider.revoke = async (handle) => {
      const found = await look(handle);
      looked();
      await answered;
      return found;
    };
    const early = revoke(ports, id);
    await hasLooked;
    mint();
    await expect(asking).rejects.toMatchObject({ code: 'task.ended' });
    expect(provider.live.size).toBe(1);
    answer();
    await early;

    expect(await ledger.leases.find(id)).toMatchObject({ state: 'revoking' });
    queued.length = 0;
    await dispatchDue(ports, 'pretend');
    expect(queued).toEqual([id]);
    await revoke(ports, id);
    expect(provider.live.size).toBe(0);
    expect(await ledger.leases.find(id)).toMatchObject({ state: 'revoked' });
  });

  test('I3: a failure is counted, told and due again within its backoff', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    provider.failing.revoke = new Fault('provider.throttled', 'slow down');
    const before = ledger.clock();
    await revoke(ports, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({
      state: 'revoking',
      attempts: 1,
      lastFault: 'provider.throttled',
    });
    const { nextDueAt, leaseIds } = await ledger.leases.claimDue('pretend', 10);
    expect(leaseIds).toEqual([]);
    expect(nextDueAt).toBeGreaterThanOrEqual(before + 500);
    expect(counted).toEqual([['pretend', 'operator', 'failed']]);
  });

  test('I3: whatever is thrown is a failure of its own name, and the sixth is shown as stuck', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    provider.failing.revoke = new TypeError('a flaw') as unknown as Fault;
    for (let i = 0; i < 6; i++) await revoke(ports, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({
      state: 'stuck',
      attempts: 6,
      lastFault: 'internal',
    });
    expect(counted.at(-1)).toEqual(['pretend', 'operator', 'stuck']);
    delete provider.failing.revoke;
    await revoke(ports, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked', attempts: 7 });
  });

  test('I10: a provider that hangs is not waited for longer than an attempt may take', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    provider.hold.beforeRevoke = new Promise(() => {});
    await revoke({ ...ports, limits: { ...ports.limits, revokeTimeoutMs: 10 } }, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({
      state: 'revoking',
      lastFault: 'provider.timeout',
    });
  });

  test('I3: of a provider that is no longer configured, it fails and is kept', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    await revoke({ ...ports, providers: new Map() }, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({
      state: 'revoking',
      lastFault: 'provider.unavailable',
    });
  });

  test('I7: when the store is away after the provider has confirmed, it is due again and confirmed again', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    const settle = () => Promise.reject(new Fault('state.unavailable', 'away'));
    const broken = { ...ports, ledger: { ...ledger, leases: { ...ledger.leases, settle } } };
    await expect(revoke(broken, lease.id)).rejects.toMatchObject({ code: 'state.unavailable' });
    expect((await ledger.leases.claimDue('pretend', 10)).leaseIds).toEqual([lease.id]);
    await revoke(ports, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked' });
  });

  test('REV-02: what only expires waits for its own end, is never overdue or revoked, and then expired', async () => {
    const provider = pretendProvider('pretend', { effect: 'expires_only', endsAfterMs: 60_000 });
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    await revoke(ports, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoking', attempts: 0 });
    const { nextDueAt } = await ledger.leases.claimDue('pretend', 10);
    expect(nextDueAt).toBe(lease.expiresAt + 5000);
    expect(await ledger.leases.overdueMs('pretend')).toBe(0);
    expect(counted).toEqual([]);

    const gone = pretendProvider('gone', { effect: 'expires_only', endsAfterMs: -6000 });
    const other = world(gone);
    const ended = await leased(other.ports, 'gone');
    await ending(ledger, ended.id);
    await revoke(other.ports, ended.id);
    expect(await ledger.leases.find(ended.id)).toMatchObject({
      state: 'expired',
      effect: 'expires_only',
      cause: 'operator',
    });
    expect(counted.at(-1)?.slice(0, 3)).toEqual(['gone', 'operator', 'expired']);
  });
});
