import { beforeEach, expect, test } from '@jest/globals';
import { openAdmission } from '../../src/broker/admission.js';
import { grant } from '../../src/broker/grant.js';
import type { Ports } from '../../src/broker/ports.js';
import { ready } from '../../src/broker/ready.js';
import { openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { agent, brokerPorts, entry, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let redis: RedisClient;
let prefix: string;
let ledger: Ledger;
beforeEach(async () => {
  redis = await connected(backends[0]!.url);
  prefix = uniquePrefix();
  ledger = redisLedger(redis, { prefix });
});

const silent = { info() {}, warn() {}, error() {} };

async function scene() {
  const [dead, live] = [pretendProvider('dead'), pretendProvider('live')];
  const admission = openAdmission({ ledger, limits: { longestOverdueMs: 120_000 }, log: silent });
  await admission.look();
  const { ports } = brokerPorts(ledger, [dead, live], { admission });
  const { id: task } = await openTask(ports, agent, {
    intent: 't',
    deadlineAt: Date.now() + 3_600_000,
    labels: {},
  });
  const ask = (provider: string) =>
    grant(ports, agent, { task, credential: `${provider}-entry`, parameters: {} });
  return { ports, task, ask, admission, dead };
}

/** As if its end had been asked for so long ago. */
const openSince = (provider: string, lease: string, agoMs: number) =>
  redis.zadd(`${prefix}:open:${provider}`, ledger.clock() - agoMs, lease);

test('I10: a provider whose oldest open revocation is overdue issues nothing more, and the others do', async () => {
  const { ports, task, ask, admission } = await scene();
  const { lease } = await ask('dead');
  await ledger.leases.revoke(lease.id, 'operator', 'op');
  await openSince('dead', lease.id, 110_000);
  await admission.look();
  await ask('dead');
  await openSince('dead', lease.id, 130_000);
  await admission.look();
  const before = (await ledger.leases.list({ task, pageSize: 10 })).items.length;

  await expect(ask('dead')).rejects.toMatchObject({ code: 'revocation.overdue', retryAfterSeconds: 15 });
  expect((await ask('live')).lease.state).toBe('active');
  expect((await ledger.leases.list({ task, pageSize: 10 })).items).toHaveLength(before + 1);
  expect((await ready({ ...ports, limits: { ...ports.limits, longestOverdueMs: 120_000 } })).ready).toBe(
    false,
  );
  const { items } = await ledger.log.read({ subject: task, pageSize: 100 });
  expect(items.at(-3)!.event).toMatchObject({ type: 'credential.refused', fault: 'revocation.overdue' });

  await ledger.leases.claimDue('dead', 10);
  await ledger.leases.settle(lease.id, { is: 'revoked' });
  await admission.look();
  expect((await ask('dead')).lease.state).toBe('active');
});

test('no request waits for the answer: between two looks the store is not asked for it', async () => {
  const { ask, ports } = await scene();
  const asked: string[] = [];
  const leases = {
    ...ledger.leases,
    overdueMs: (name: string) => (asked.push(name), Promise.resolve(0)),
    providers: () => (asked.push('providers'), Promise.resolve([])),
  };
  const admitting = { ...ports, ledger: { ...ledger, leases } };
  await ask('live');
  const { id: task } = await openTask(admitting, agent, {
    intent: 't',
    deadlineAt: Date.now() + 3_600_000,
    labels: {},
  });
  await grant(admitting, agent, { task, credential: 'live-entry', parameters: {} });
  expect(asked).toEqual([]);
});

test('the bounds of the settings and of the entry reach the reservation, and the refusal is told', async () => {
  const [pretended, bounded] = [pretendProvider(), pretendProvider('bounded')];
  const catalog = [entry('pretend'), entry('bounded', { maximumLive: 1 })];
  const { ports } = brokerPorts(ledger, [pretended, bounded], { policy: () => policyOf(catalog) });
  const limited = { ...ports, limits: { ...ports.limits, liveLeasesPerAgent: 3 } };
  const opening = { intent: 't', deadlineAt: Date.now() + 3_600_000, labels: {} };
  const { id: task } = await openTask(limited, agent, opening);
  const ask = (provider: string) =>
    grant(limited, agent, { task, credential: `${provider}-entry`, parameters: {} });
  await ask('bounded');
  await expect(ask('bounded')).rejects.toMatchObject({ code: 'lease.limit' });
  await ask('pretend');
  await ask('pretend');
  await expect(ask('pretend')).rejects.toMatchObject({ code: 'lease.limit', retryAfterSeconds: 10 });
  expect(pretended.live.size + bounded.live.size).toBe(3);
  const { items } = await ledger.log.read({ subject: task, pageSize: 100 });
  expect(items.at(-1)!.event).toMatchObject({ type: 'credential.limited', fault: 'lease.limit', count: 1 });
});

/** An admission that sees what it is told, at a time that the test moves. */
function seeing(store: { usedShare?: number; away?: boolean }) {
  let now = 0;
  const pretended = {
    usedShare: () =>
      store.away
        ? Promise.reject(new Fault('state.unavailable', 'away'))
        : Promise.resolve(store.usedShare ?? 0),
    leases: { providers: () => Promise.resolve([]), overdueMs: () => Promise.resolve(0) },
  } as unknown as Ports['ledger'];
  const said: string[] = [];
  const say = (_facts: object, message: string) => void said.push(message);
  const log = { info: say, warn: say, error: say };
  const limits = { longestOverdueMs: 1 };
  const admission = openAdmission({ ledger: pretended, limits, log }, () => now);
  return { admission, said, move: (ms: number) => (now += ms) };
}

const codeOf = (admit: () => void): string => {
  try {
    admit();
    return 'admitted';
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
};

test('I7: it admits nothing before it has looked, nor when it could not look for half a minute', async () => {
  const store = { away: false };
  const { admission, move } = seeing(store);
  const admit = () => codeOf(() => admission.admit('any'));
  expect(admit()).toBe('state.unavailable');
  await admission.look();
  expect(admit()).toBe('admitted');
  store.away = true;
  await expect(admission.look()).rejects.toMatchObject({ code: 'state.unavailable' });
  move(29_999);
  expect(admit()).toBe('admitted');
  move(2);
  expect(admit()).toBe('state.unavailable');
});

test.each([
  [0, 'admitted'],
  [0.79, 'admitted'],
  [0.8, 'state.full'],
  [1.1, 'state.full'],
])('of a store that is %d full it admits: %s', async (usedShare, expected) => {
  const { admission } = seeing({ usedShare });
  await admission.look();
  expect(codeOf(() => admission.admit('any'))).toBe(expected);
});

test('the log says once that the store is full, and once that it has room again', async () => {
  const store = { usedShare: 0.79 };
  const { admission, said } = seeing(store);
  for (const share of [0.79, 0.8, 0.9, 0.7, 0.7]) {
    store.usedShare = share;
    await admission.look();
  }
  expect(said).toEqual([
    'the state store is nearly full; nothing is issued',
    'the state store has room again',
  ]);
});

test('a refusal for want of room takes no room in the store', async () => {
  const { ports, task } = await scene();
  const admit = () => {
    throw new Fault('state.full', 'full');
  };
  const before = await redis.xlen(`${prefix}:events`);
  const asking = grant({ ...ports, admission: { admit } }, agent, {
    task,
    credential: 'live-entry',
    parameters: {},
  });
  await expect(asking).rejects.toMatchObject({ code: 'state.full' });
  expect(await redis.xlen(`${prefix}:events`)).toBe(before);
});
