import { beforeEach, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import { liveFeed } from '../../src/broker/live-feed.js';
import type { Changes, LiveMessage } from '../../src/broker/live-feed.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts, viewer } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let broker: Broker;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  broker = createBroker(brokerPorts(ledger, [pretendProvider()]).ports);
});

/** Collects what a watcher is told; `until` resolves when it satisfies. */
function ear() {
  const heard: LiveMessage[] = [];
  let look = () => {};
  return {
    heard,
    listen: (message: LiveMessage) => {
      heard.push(message);
      look();
    },
    until: (enough: (heard: readonly LiveMessage[]) => boolean) =>
      new Promise<void>((resolve) => {
        look = () => enough(heard) && resolve();
        look();
      }),
  };
}

const changesIn = (heard: readonly LiveMessage[]) =>
  heard.filter((message): message is Changes => message.is === 'changes');
const typesIn = (heard: readonly LiveMessage[]) =>
  changesIn(heard).flatMap(({ events }) => events.map(({ event }) => event.type));

async function lend() {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await broker.openTask(agent, { intent: 'look', deadlineAt, labels: {} });
  return broker.grant(agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
}

test('whoever watches is told what happens, in order, with the leases as they are and why they exist', async () => {
  const { heard, listen, until } = ear();
  const watching = await broker.watch(viewer, undefined, listen);
  const granted = await lend();
  await until((all) => typesIn(all).includes('lease.active'));
  expect(typesIn(heard)).toEqual(['task.opened', 'lease.reserved', 'lease.active']);
  const last = changesIn(heard).at(-1)!;
  const { lease } = granted as { lease: { id: string; taskId: string } };
  expect(last.leases).toMatchObject([{ id: lease.id, state: 'active' }]);
  expect(last.tasks).toMatchObject([{ id: lease.taskId, intent: 'look' }]);
  expect(JSON.stringify(heard)).not.toContain('secret-of-');
  watching.close();
});

test('whoever was away goes on where it was, and is told nothing twice', async () => {
  const before = ear();
  const first = await broker.watch(admin, undefined, before.listen);
  await lend();
  await before.until((all) => typesIn(all).includes('lease.active'));
  first.close();
  const from = changesIn(before.heard).at(-1)!.id;
  await lend();
  const after = ear();
  const second = await broker.watch(admin, from, after.listen);
  await lend();
  await after.until((all) => typesIn(all).filter((type) => type === 'lease.active').length === 2);
  const one = ['task.opened', 'lease.reserved', 'lease.active'];
  expect(typesIn(after.heard)).toEqual([...one, ...one]);
  second.close();
});

test('whoever went away before anything had happened goes on where it began', async () => {
  const first = await broker.watch(admin, undefined, () => {});
  first.close();
  await lend();
  const after = ear();
  const second = await broker.watch(admin, first.from, after.listen);
  await after.until((all) => typesIn(all).includes('lease.active'));
  expect(typesIn(after.heard)).toEqual(['task.opened', 'lease.reserved', 'lease.active']);
  second.close();
});

test('many events at once are counted, not told one by one', async () => {
  const { heard, listen, until } = ear();
  const watching = await broker.watch(admin, undefined, listen);
  await Promise.all(
    Array.from({ length: 300 }, () =>
      ledger.log.record({ type: 'identity.refused', reason: 'expired', count: 1 }),
    ),
  );
  const counted = () =>
    changesIn(heard).reduce((sum, { counts }) => sum + (counts['identity.refused'] ?? 0), 0);
  await until(() => counted() === 300);
  for (const { events, counts } of changesIn(heard))
    expect(events.length === 0 || events.length === (counts['identity.refused'] ?? 0)).toBe(true);
  watching.close();
});

test('whoever was away for more than can be told is told to look again', async () => {
  for (let batch = 0; batch < 11; batch++)
    await Promise.all(
      Array.from({ length: 1000 }, () =>
        ledger.log.record({ type: 'identity.refused', reason: 'expired', count: 1 }),
      ),
    );
  const { heard, listen, until } = ear();
  const watching = await broker.watch(admin, '0-1', listen);
  await until((all) => all.length > 0);
  expect(heard[0]).toMatchObject({ is: 'resync' });
  watching.close();
});

test('when the store does not answer, that is told once, and when it answers again, to look again', async () => {
  let away = false;
  const after: Ledger['feed']['after'] = (id, limit) =>
    away
      ? Promise.reject(new Fault('state.unavailable', 'The state store did not answer.'))
      : ledger.feed.after(id, limit);
  const log = { info() {}, warn() {}, error() {} };
  const feed = liveFeed({ ledger: { ...ledger, feed: { ...ledger.feed, after } }, log });
  const { heard, listen, until } = ear();
  const watching = await feed.watch(undefined, listen);
  away = true;
  await until((all) => all.length > 0);
  expect(heard[0]).toEqual({ is: 'stalled' });
  away = false;
  await until((all) => all.some(({ is }) => is === 'resync'));
  watching.close();
});

test('is for operators', async () => {
  await expect(broker.watch(agent, undefined, () => {})).rejects.toMatchObject({ code: 'role.missing' });
  await expect(broker.overview(agent)).rejects.toMatchObject({ code: 'role.missing' });
});
