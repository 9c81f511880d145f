import { beforeEach, describe, expect, test } from '@jest/globals';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import { grant } from '../../src/broker/grant.js';
import { silentMeter } from '../../src/broker/meter.js';
import type { Ports } from '../../src/broker/ports.js';
import { ready } from '../../src/broker/ready.js';
import { revoke } from '../../src/broker/revoke.js';
import { openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let counted: (string | number | undefined)[][];

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix(), claimMs: 60_000 });
  await ledger.check();
  counted = [];
});

/** The worker is not there: what is due only waits. */
function world(provider: PretendProvider, over: Partial<Ports> = {}) {
  const queued: string[] = [];
  const { ports } = brokerPorts(ledger, [provider], {
    queue: {
      add: (_provider, ids) => Promise.resolve(void queued.push(...ids)),
      backlog: () => Promise.resolve(queued.length),
      close: () => Promise.resolve(),
    },
    meter: {
      ...silentMeter,
      revoked: (...facts) => void counted.push(facts),
    },
    ...over,
  });
  return { ports, queued };
}

async function leased(ports: Ports, provider = 'pretend') {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
  const ask = { task: task.id, credential: `${provider}-entry`, parameters: {} };
  return (await grant(ports, agent, ask)).lease;
}
const ending = async (id: string) => (await ledger.leases.revoke(id, 'operator', 'op'))!;

describe('one attempt to revoke', () => {
  test('takes it back at the provider by its latest handle, and measures the lag', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(lease.id);
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
    await ending(lease.id);
    await revoke(ports, lease.id);
    await revoke(ports, lease.id);
    expect(provider.calls).toHaveLength(calls + 1);
    expect(counted).toHaveLength(1);
  });

  test('I6: two at once come to one end', async () => {
    const provider = pretendProvider();
    const { ports } = world(provider);
    const lease = await leased(ports);
    await ending(lease.id);
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
    await ending(id);

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
    await ending(lease.id);
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
    await ending(lease.id);
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
    await ending(lease.id);
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
    await ending(lease.id);
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
    await ending(lease.id);
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
    await ending(lease.id);
    await revoke(ports, lease.id);
    expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoking', attempts: 0 });
    const { nextDueAt } = await ledger.leases.claimDue('pretend', 10);
    expect(nextDueAt).toBe(lease.expiresAt + 5000);
    expect(await ledger.leases.overdueMs('pretend')).toBe(0);
    expect(counted).toEqual([]);

    const gone = pretendProvider('gone', { effect: 'expires_only', endsAfterMs: -6000 });
    const other = world(gone);
    const ended = await leased(other.ports, 'gone');
    await ending(ended.id);
    await revoke(other.ports, ended.id);
    expect(await ledger.leases.find(ended.id)).toMatchObject({
      state: 'expired',
      effect: 'expires_only',
      cause: 'operator',
    });
    expect(counted.at(-1)?.slice(0, 3)).toEqual(['gone', 'operator', 'expired']);
  });
});

describe('putting to work what is due', () => {
  test('each due lease goes to the queue once, and the answer says when the next is due', async () => {
    const { ports, queued } = world(pretendProvider());
    const [one, two] = [await leased(ports), await leased(ports)];
    await ending(one.id);
    const { nextDueAt, now } = (await dispatchDue(ports, 'pretend'))!;
    expect(queued).toEqual([one.id]);
    expect(nextDueAt).toBeGreaterThan(now);
    expect(nextDueAt).toBeLessThanOrEqual(two.expiresAt);
    await dispatchDue(ports, 'pretend');
    expect(queued).toEqual([one.id]);
  });

  test('more than one claim holds goes out whole', async () => {
    const { ports, queued } = world(pretendProvider());
    const leases = { ...ledger.leases };
    let left = 1201;
    leases.claimDue = (_provider, limit) => {
      const leaseIds = Array.from({ length: Math.min(limit, left) }, (_, i) => `lse_${left - i}`);
      left -= leaseIds.length;
      return Promise.resolve({ leaseIds, now: 1, nextDueAt: undefined });
    };
    expect(await dispatchDue({ ...ports, ledger: { ...ledger, leases } }, 'pretend')).toEqual({
      now: 1,
      nextDueAt: undefined,
    });
    expect(new Set(queued).size).toBe(1201);
  });

  test('I8: what the queue did not take is due again when its claim has run out', async () => {
    ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix(), claimMs: 0 });
    const { ports, queued } = world(pretendProvider());
    const lease = await leased(ports);
    await ending(lease.id);
    const away = { ...ports.queue, add: () => Promise.reject(new Error('away')) };
    expect(await dispatchDue({ ...ports, queue: away }, 'pretend')).toBeUndefined();
    await dispatchDue(ports, 'pretend');
    expect(queued).toContain(lease.id);
  });
});

describe('whether the broker is ready', () => {
  test('it is while nothing is late, and names every provider that it looked at', async () => {
    const { ports } = world(pretendProvider());
    await leased(ports);
    expect(await ready(ports)).toEqual({
      ready: true,
      checks: [
        { name: 'state', ok: true },
        { name: 'revocations of pretend', ok: true },
      ],
    });
  });

  test('OPS-03: it is not while a revocation is later than the settings allow, and says how late', async () => {
    const { ports } = world(pretendProvider());
    const lease = await leased(ports);
    await ending(lease.id);
    const leases = { ...ledger.leases, overdueMs: () => Promise.resolve(61_000) };
    const answer = await ready({ ...ports, ledger: { ...ledger, leases } });
    expect(answer).toMatchObject({ ready: false });
    expect(answer.checks).toContainEqual({
      name: 'revocations of pretend',
      ok: false,
      detail: 'the oldest open revocation is 61 s old',
    });
  });

  test('rule 9: it is with records in quarantine too, and says how many', async () => {
    const { ports } = world(pretendProvider());
    const leases = { ...ledger.leases, quarantined: () => Promise.resolve(2) };
    const answer = await ready({ ...ports, ledger: { ...ledger, leases } });
    expect(answer.ready).toBe(true);
    expect(answer.checks).toContainEqual({ name: 'records in quarantine: 2', ok: true });
  });

  test('I7: it is not while its state is away, and does not say where that is', async () => {
    const { ports } = world(pretendProvider());
    const check = () => Promise.reject(new Fault('state.unavailable', 'connect ECONNREFUSED 10.0.0.1'));
    expect(await ready({ ...ports, ledger: { ...ledger, check } })).toEqual({
      ready: false,
      checks: [{ name: 'state', ok: false, detail: 'the state store does not answer' }],
    });
  });
});
