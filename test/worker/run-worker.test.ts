import { describe, expect, test } from '@jest/globals';
import { approvalLimits, approvalSettings } from '../../src/approval/approval-settings.js';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import { Fault } from '../../src/kernel/fault.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { signal } from '../fake/signal.js';
import { plant, until } from './working.js';

const revocations = (calls: readonly string[]) => calls.filter((call) => call.startsWith('revoke')).length;

describe('a worker', () => {
  test('REV-01: revokes what was asked to end, whoever put it to work', async () => {
    const provider = pretendProvider();
    const { ports, lease, end, queue, startWorker, ledger } = await plant([provider]);
    const [swept, queued, left] = [await lease(), await lease(), await lease()];
    await end(swept);
    await end(queued);
    await queue.add('pretend', [queued.id]);
    await startWorker();
    await until(() => provider.live.size === 1);
    await until(async () => (await ledger.leases.find(swept.id))?.state === 'revoked');
    await until(async () => (await ledger.leases.find(queued.id))?.state === 'revoked');
    expect([...provider.live]).toEqual([left.id]);
    expect(await ports.ledger.leases.find(left.id)).toMatchObject({ state: 'active' });
  });

  test('REV-01: revokes at its end what nobody ended', async () => {
    const provider = pretendProvider();
    const { lease, startWorker, ledger } = await plant([provider]);
    await startWorker();
    const { id } = await lease('pretend', 1);
    await until(async () => (await ledger.leases.find(id))?.state === 'revoked');
    const over = (await ledger.leases.find(id))!;
    expect(over).toMatchObject({ cause: 'expiry', revocationRequestedAt: over.expiresAt });
    expect(over.endedAt).toBeGreaterThanOrEqual(over.expiresAt);
  });

  test('I8: finds again what the queue has lost, while the queue is torn down again and again', async () => {
    const provider = pretendProvider();
    const { lease, end, startWorker, obliterate, ledger } = await plant([provider], { claimMs: 50 });
    const leases = await Promise.all(Array.from({ length: 40 }, () => lease()));
    const holding = signal();
    provider.hold.beforeRevoke = holding.given;
    await startWorker();
    await Promise.all(leases.map(end));
    await until(() => revocations(provider.calls) > 0);
    await obliterate('pretend');
    holding.give();
    for (let round = 0; round < 3; round++) await obliterate('pretend');
    await until(() => provider.live.size === 0);
    for (const { id } of leases) await until(async () => (await ledger.leases.find(id))?.state === 'revoked');
  });

  test('I3: comes back to a revocation that failed, and to one whose attempt itself broke', async () => {
    const provider = pretendProvider();
    const { lease, end, startWorker, ledger } = await plant([provider], { claimMs: 50 });
    const { id } = await lease();
    provider.failing.revoke = new Fault('provider.unavailable', 'down');
    let broken = 1;
    const settle: typeof ledger.leases.settle = (...args) =>
      broken-- > 0 ? Promise.reject(new Fault('state.unavailable', 'away')) : ledger.leases.settle(...args);
    await startWorker({ ledger: { ...ledger, leases: { ...ledger.leases, settle } } });
    await end({ ...(await ledger.leases.find(id))! });
    await until(async () => ((await ledger.leases.find(id))?.attempts ?? 0) > 0);
    expect(revocations(provider.calls)).toBeGreaterThanOrEqual(2);
    delete provider.failing.revoke;
    await until(async () => (await ledger.leases.find(id))?.state === 'revoked');
    expect(provider.live.size).toBe(0);
  });

  test('OPS-03: shows as stuck what keeps failing, counts it, and frees it when the provider is back', async () => {
    const provider = pretendProvider();
    const { ports, lease, end, startWorker, ledger } = await plant([provider]);
    const taken = await lease();
    provider.failing.revoke = new Fault('provider.refused', 'no right');
    await end(taken);
    const settle: typeof ledger.leases.settle = (id, settlement) =>
      ledger.leases.settle(id, settlement.is === 'failed' ? { ...settlement, retryInMs: 1 } : settlement);
    await startWorker({ ledger: { ...ledger, leases: { ...ledger.leases, settle } } });
    await until(async () => {
      await dispatchDue(ports, 'pretend');
      return (await ledger.leases.find(taken.id))?.state === 'stuck';
    });
    expect(await ports.ledger.leases.counts()).toEqual([{ provider: 'pretend', state: 'stuck', count: 1 }]);
    expect(await ledger.leases.overdueMs('pretend')).toBeGreaterThan(0);
    delete provider.failing.revoke;
    await until(async () => (await ledger.leases.find(taken.id))?.state === 'revoked');
    expect(await ledger.leases.counts()).toEqual([]);
    expect(await ledger.leases.overdueMs('pretend')).toBe(0);
  });

  test('two at once leave nothing out and nothing open', async () => {
    const provider = pretendProvider();
    const { lease, end, startWorker, ledger } = await plant([provider]);
    const leases = await Promise.all(Array.from({ length: 60 }, () => lease()));
    await Promise.all([startWorker(), startWorker()]);
    await Promise.all(leases.map(end));
    for (const { id } of leases) await until(async () => (await ledger.leases.find(id))?.state === 'revoked');
    const called = new Set(provider.calls.filter((call) => call.startsWith('revoke')));
    expect(called.size).toBe(60);
    const { items } = await ledger.log.read({ pageSize: 1000 });
    expect(items.filter(({ event }) => event.type === 'lease.revoked')).toHaveLength(60);
  });

  test('I10: a dead provider fills only its own queue', async () => {
    const [dead, live] = [pretendProvider('dead'), pretendProvider('live')];
    dead.hold.beforeRevoke = new Promise(() => {});
    const { lease, end, startWorker, ledger } = await plant([dead, live]);
    const hanging = await Promise.all(Array.from({ length: 150 }, () => lease('dead')));
    const wanted = await Promise.all(Array.from({ length: 20 }, () => lease('live')));
    await startWorker({
      limits: {
        longestTaskSeconds: 86_400,
        mintTimeoutMs: 2000,
        revokeTimeoutMs: 400,
        endWithProof: false,
        longestOverdueMs: 60_000,
        approvals: approvalLimits(approvalSettings.parse({})),
        breakGlassMaximumSeconds: 900,
      },
    });
    await Promise.all(hanging.map(end));
    await until(() => revocations(dead.calls) >= 100);
    await Promise.all(wanted.map(end));
    await until(() => live.live.size === 0);
    for (const { id } of wanted) await until(async () => (await ledger.leases.find(id))?.state === 'revoked');
    expect(dead.live.size).toBe(150);
  });

  test('attends to a provider that is no longer configured but still has leases', async () => {
    const [gone, kept] = [pretendProvider('gone'), pretendProvider('kept')];
    const { lease, end, startWorker, ledger } = await plant([gone, kept]);
    const left = await lease('gone');
    await end(left);
    await startWorker({ providers: new Map([['kept', kept]]) });
    await until(async () => (await ledger.leases.find(left.id))?.lastFault === 'provider.unavailable');
    expect(gone.live.size).toBe(1);
  });

  test('when closed waits for what is under way, the rest of a job that failed included', async () => {
    const provider = pretendProvider();
    const { lease, end, queue, startWorker, ledger, told } = await plant([provider]);
    const [breaks, slow] = [await lease(), await lease()];
    const holding = signal();
    const find: typeof ledger.leases.find = (id) =>
      id === breaks.id ? Promise.reject(new Error('unreadable')) : ledger.leases.find(id);
    for (const each of [breaks, slow]) await end(each);
    await ledger.leases.claimDue('pretend', 10);
    provider.hold.beforeRevoke = holding.given;
    await queue.add('pretend', [breaks.id, slow.id]);
    const worker = await startWorker({ ledger: { ...ledger, leases: { ...ledger.leases, find } } });
    await until(() => provider.calls.includes(`revoke ${slow.id}`));
    const closing = worker.close();
    const failed = () => told.includes('Error: unreadable');
    await Promise.race([until(failed), new Promise((resolve) => setTimeout(resolve, 200))]);
    expect(failed()).toBe(false); // the job is not over while one of its leases is
    holding.give();
    await closing;
    expect(await ledger.leases.find(slow.id)).toMatchObject({ state: 'revoked' });
  });

  test('AUD-03: chains the audit log while it runs, and goes on after a failure', async () => {
    const { lease, startWorker, redis, prefix, ledger, told } = await plant([pretendProvider()]);
    let broken = 2;
    const seal = () =>
      broken-- > 0 ? Promise.reject(new Fault('state.unavailable', 'away')) : ledger.log.seal();
    await startWorker({ ledger: { ...ledger, log: { ...ledger.log, seal } } });
    await lease();
    await until(async () => Number(await redis.hget(`${prefix}:head`, 'seq')) >= 3);
    expect(told).toContain('a background round failed; it is repeated');
  });
});
