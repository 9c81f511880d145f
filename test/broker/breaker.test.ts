import { describe, expect, test } from '@jest/globals';
import { HeldBack, openBreaker } from '../../src/broker/breaker.js';
import { grant } from '../../src/broker/grant.js';
import { revoke } from '../../src/broker/revoke.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Handle } from '../../src/issuance/provider.js';
import { Fault } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { signal } from '../fake/signal.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

function breaking() {
  let now = 0;
  const breaker = openBreaker(
    () => now,
    () => 0,
  );
  const fail = (code: FaultCode = 'provider.timeout', provider = 'p') =>
    breaker
      .run(provider, () => Promise.reject(new Fault(code, code)))
      .catch((error: unknown) => (error instanceof HeldBack ? 'held' : 'asked'));
  const succeed = (provider = 'p') =>
    breaker.run(provider, () => Promise.resolve('done')).catch((error: unknown) => error);
  return { breaker, fail, succeed, move: (ms: number) => (now += ms) };
}

describe('a breaker', () => {
  test('opens after five failures in a row to answer at all, and only for that provider', async () => {
    const { breaker, fail, succeed } = breaking();
    for (let n = 0; n < 4; n++) await fail(n % 2 === 0 ? 'provider.timeout' : 'provider.unavailable');
    expect(await succeed()).toBe('done');
    for (let n = 0; n < 5; n++) expect(await fail()).toBe('asked');
    expect(breaker.isOpen('p')).toBe(true);
    expect(await succeed()).toMatchObject({ code: 'provider.unavailable', retryAfterSeconds: 1 });
    expect(await succeed('q')).toBe('done');
  });

  test('an answer is an answer, whatever it says; what is no fault of the provider counts for nothing', async () => {
    const { breaker, fail } = breaking();
    for (const code of ['provider.refused', 'provider.throttled', 'provider.nonsense'] as const) {
      for (let n = 0; n < 4; n++) await fail();
      await fail(code);
      expect(breaker.isOpen('p')).toBe(false);
    }
    for (let n = 0; n < 4; n++) await fail();
    await fail('state.unavailable');
    expect(breaker.isOpen('p')).toBe(false);
    await fail();
    expect(breaker.isOpen('p')).toBe(true);
  });

  test('many that fail at once are one outage: the first probe is as near as after five', async () => {
    const { breaker, move, succeed } = breaking();
    const silent = signal();
    const asking = Array.from({ length: 100 }, () =>
      breaker
        .run('p', async () => {
          await silent.given;
          throw new Fault('provider.timeout', 'no answer');
        })
        .catch(() => 'asked'),
    );
    silent.give();
    expect(await Promise.all(asking)).toEqual(Array.from({ length: 100 }, () => 'asked'));
    expect(await succeed()).toMatchObject({ code: 'provider.unavailable' });
    move(500);
    expect(await succeed()).toBe('done');
  });

  test('while it is open one asks at a time, and the first that succeeds closes it', async () => {
    const { breaker, fail, succeed, move } = breaking();
    for (let n = 0; n < 5; n++) await fail();
    expect(await fail()).toBe('held');
    move(500);
    const answering = signal();
    const probe = breaker.run('p', () => answering.given);
    expect(await fail()).toBe('held');
    answering.give();
    await probe;
    expect(breaker.isOpen('p')).toBe(false);
    expect(await succeed()).toBe('done');
  });

  test('I10: whoever is refused before the provider is asked keeps nobody else from asking it', async () => {
    const { fail, succeed, move } = breaking();
    for (let n = 0; n < 5; n++) await fail();
    move(500);
    for (const code of ['lease.limit', 'task.ended', 'quota.issue_rate', 'internal'] as const)
      expect(await fail(code)).toBe('asked');
    expect(await succeed()).toBe('done');
  });

  test('a probe that fails is followed by another, later each time but within fifteen seconds', async () => {
    const { fail, move } = breaking();
    for (let n = 0; n < 5; n++) await fail();
    for (const afterMs of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
      move(afterMs - 1);
      expect(await fail()).toBe('held');
      move(1);
      expect(await fail()).toBe('asked');
    }
  });
});

async function world() {
  const provider = pretendProvider();
  const prefix = uniquePrefix();
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix });
  let now = 0;
  const open = () => openBreaker(() => now);
  const breakers = { issuing: open(), revoking: open() };
  const { ports } = brokerPorts(ledger, [provider], { breakers });
  const deadlineAt = Date.now() + 3_600_000;
  const { id: task } = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
  const ask = () => grant(ports, agent, { task, credential: 'pretend-entry', parameters: {} });
  const leases = await Promise.all(Array.from({ length: 12 }, ask));
  return {
    provider,
    ledger,
    ports,
    ask,
    ids: leases.map(({ lease }) => lease.id),
    move: () => (now += 60_000),
  };
}

describe('a provider that does not answer', () => {
  test('is not asked to revoke by everybody; what was held back stays due, is no failure, and nothing is dropped', async () => {
    const { provider, ledger, ports, ids, move } = await world();
    provider.failing.revoke = new Fault('provider.unavailable', 'down');
    for (const id of ids) await ledger.leases.revoke(id, 'operator', 'op');
    for (const id of ids) await revoke(ports, id);
    expect(provider.calls.filter((call) => call.startsWith('revoke'))).toHaveLength(5);
    const held = await Promise.all(ids.slice(5).map((id) => ledger.leases.find(id)));
    for (const lease of held) expect(lease).toMatchObject({ state: 'revoking', attempts: 0 });
    const { items } = await ledger.log.read({ subject: ids.at(-1)!, pageSize: 100 });
    expect(items.at(-1)!.event.type).toBe('lease.revoking');
    const { nextDueAt, now } = await ledger.leases.claimDue('pretend', 100);
    expect(nextDueAt! - now).toBeLessThanOrEqual(15_000);

    delete provider.failing.revoke;
    move();
    for (const id of ids) await revoke(ports, id);
    expect(provider.live.size).toBe(0);
    for (const id of ids) expect((await ledger.leases.find(id))?.state).toBe('revoked');
  });

  test('I3: what was only held back for ten minutes is shown as stuck all the same', async () => {
    const { provider, ledger, ports, ids } = await world();
    const stepped = { ...ledger, clock: () => Date.now() + 601_000 };
    provider.failing.revoke = new Fault('provider.timeout', 'down');
    for (const id of ids) await ledger.leases.revoke(id, 'operator', 'op');
    for (const id of ids.slice(0, 5)) await revoke(ports, id);
    await revoke({ ...ports, ledger: stepped }, ids[11]!);
    expect(await ledger.leases.find(ids[11]!)).toMatchObject({
      state: 'stuck',
      lastFault: 'provider.unavailable',
    });
    expect(provider.calls.filter((call) => call.startsWith('revoke'))).toHaveLength(5);
  });

  test('is not waited for by requests: they fail at once, and nothing is reserved; revoking is not held back by it', async () => {
    const { provider, ledger, ask, ids, ports } = await world();
    provider.failing.issue = new Fault('provider.unavailable', 'down');
    for (let n = 0; n < 5; n++) await expect(ask()).rejects.toMatchObject({ code: 'provider.unavailable' });
    const asked = provider.calls.length;
    const reserved = async () => (await ledger.leases.list({ pageSize: 100 })).items.length;
    const before = await reserved();
    await expect(ask()).rejects.toMatchObject({ code: 'provider.unavailable', retryAfterSeconds: 1 });
    expect(provider.calls.filter((call) => call.startsWith('issue'))).toHaveLength(17);
    expect(provider.calls.length).toBeGreaterThanOrEqual(asked);
    expect(await reserved()).toBe(before);

    await ledger.leases.revoke(ids[0]!, 'operator', 'op');
    await revoke(ports, ids[0]!);
    expect((await ledger.leases.find(ids[0]!))?.state).toBe('revoked');
  });
});

test('I10: a part of a provider that does not answer holds back only the leases that are taken back there', async () => {
  const { provider, ledger, ports, ids } = await world();
  const dead = new Set(ids.slice(0, 8));
  const parted = {
    ...provider,
    enrolment: (handle: Handle) => ({
      groups: [dead.has(String(handle['lease'])) ? 'role:a' : 'role:b'],
      keepSeconds: 60,
    }),
    revoke: (handle: Handle) =>
      dead.has(String(handle['lease']))
        ? Promise.reject(new Fault('provider.timeout', 'down'))
        : provider.revoke(handle),
  };
  const apart = { ...ports, providers: new Map([['pretend', parted]]) };
  for (const id of ids) {
    await ledger.leases.revoke(id, 'operator', 'op');
    await revoke(apart, id);
  }
  for (const id of ids)
    expect((await ledger.leases.find(id))?.state).toBe(dead.has(id) ? 'revoking' : 'revoked');
  expect(ports.breakers.revoking.isOpen('pretend')).toBe(true);
});
