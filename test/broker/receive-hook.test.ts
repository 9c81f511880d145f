import { beforeEach, describe, expect, test } from '@jest/globals';
import { flood } from '../../src/broker/flood.js';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import { silentMeter } from '../../src/broker/meter.js';
import type { Meter } from '../../src/broker/meter.js';
import type { Ports } from '../../src/broker/ports.js';
import { hookSettings } from '../../src/identity/hooks/hook-settings.js';
import { readHook } from '../../src/identity/hooks/read-hook.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { signWebhook } from '../../src/sandbox/story/sign-webhook.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const bearer = 'a-shared-secret-of-a-sender';
const hooks = hookSettings.parse({
  argo: { scheme: 'standard-webhooks', secrets: [whsec] },
  plain: { scheme: 'bearer', secrets: [bearer], deliveryHeader: 'x-delivery' },
});

let ledger: Ledger;
let provider: PretendProvider;
let counted: string[];
let ports: Ports;
let broker: Broker;
let settled: () => Promise<unknown>;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  provider = pretendProvider();
  counted = [];
  const meter: Meter = {
    ...silentMeter,
    hook: (source, outcome) => counted.push(`${source} ${outcome}`),
  };
  ({ ports, settled } = brokerPorts(ledger, [provider], {
    meter,
    readHook: (source, delivery, now) => hooks[source] && readHook(hooks[source], delivery, now),
  }));
  broker = createBroker(ports);
});

const saying = (type: string, taskId: string) => JSON.stringify({ type, data: { task_id: taskId } });

function delivery(body: string, headers: Record<string, string> = signWebhook(whsec, body)) {
  return { headers, rawBody: Buffer.from(body) };
}

async function leased() {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await broker.openTask(agent, { intent: 't', deadlineAt, labels: {} });
  await broker.grant(agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
  return task.id;
}
const eventsOf = async (subject?: string) =>
  (await ledger.log.read({ pageSize: 200, ...(subject !== undefined && { subject }) })).items.map(
    (record) => record.event,
  );
const typesOf = async (subject: string) => (await eventsOf(subject)).map((event) => event.type);
const away = () => Promise.reject(new Fault('state.unavailable', 'away'));

describe('a task-end webhook', () => {
  test.each(['completed', 'failed', 'cancelled'] as const)(
    'REV-03: "task.%s" ends the task, and what it had is revoked',
    async (outcome) => {
      const id = await leased();
      const said = await broker.receiveHook('argo', delivery(saying(`task.${outcome}`, id)));
      expect(said).toEqual({ task: id, effect: 'ended' });
      expect(await ledger.tasks.find(id)).toMatchObject({ state: 'ended', outcome, endedBy: 'hook:argo' });
      await settled();
      expect(provider.live.size).toBe(0);
      expect(await eventsOf(id)).toContainEqual(
        expect.objectContaining({ type: 'hook.accepted', source: 'argo', task: id }),
      );
      expect(counted).toEqual(['argo ended']);
    },
  );

  test('I6: a replayed delivery changes nothing, and is not told again', async () => {
    const id = await leased();
    const sent = delivery(saying('task.completed', id));
    await broker.receiveHook('argo', sent);
    await settled();
    const before = await eventsOf();
    expect(await broker.receiveHook('argo', sent)).toEqual({ task: id, effect: 'already' });
    expect(await broker.receiveHook('argo', sent)).toEqual({ task: id, effect: 'already' });
    expect(await eventsOf()).toEqual(before);
  });

  test('I6: nor is the replay of one that found the task ended', async () => {
    const id = await leased();
    await broker.endTask(agent, id, 'completed');
    const sent = delivery(saying('task.failed', id));
    expect(await broker.receiveHook('argo', sent)).toEqual({ task: id, effect: 'already' });
    const before = await eventsOf(id);
    await broker.receiveHook('argo', sent);
    expect(await eventsOf(id)).toEqual(before);
    expect(await ledger.tasks.find(id)).toMatchObject({ outcome: 'completed', endedBy: agent.id });
  });

  test('I6: the same delivery many times at once ends the task once', async () => {
    const id = await leased();
    const sent = delivery(saying('task.completed', id));
    const said = await Promise.all(Array.from({ length: 8 }, () => broker.receiveHook('argo', sent)));
    expect(said.filter(({ effect }) => effect === 'ended')).toHaveLength(1);
    expect(said.filter(({ effect }) => effect === 'already')).toHaveLength(7);
    expect((await typesOf(id)).filter((type) => type === 'task.ended')).toHaveLength(1);
    await settled();
    expect((await typesOf(id)).filter((type) => type === 'lease.revoked')).toHaveLength(1);
  });

  test('I4: "already" is said of a task that has ended, not of a delivery id that was used before', async () => {
    const [first, second] = [await leased(), await leased()];
    const headers = { authorization: `Bearer ${bearer}`, 'x-delivery': 'one-id-for-all' };
    for (const id of [first, second]) {
      const said = await broker.receiveHook('plain', delivery(saying('task.completed', id), headers));
      expect(said).toEqual({ task: id, effect: 'ended' });
      expect(await ledger.tasks.find(id)).toMatchObject({ state: 'ended' });
    }
  });

  test('of an unknown source is refused, and nothing is written for it', async () => {
    await expect(broker.receiveHook('nobody', delivery('{}'))).rejects.toMatchObject({
      code: 'hook.unknown',
    });
    expect(await eventsOf()).toEqual([]);
    expect(counted).toEqual(['unknown hook.unknown']);
  });

  test('REV-03: forged, unsigned or stale it is refused with one sentence, and the audit has the reason', async () => {
    const id = await leased();
    const body = saying('task.completed', id);
    const forged = { ...signWebhook(whsec, body), 'webhook-signature': `v1,${'A'.repeat(43)}=` };
    const bad = [
      forged,
      {},
      signWebhook(whsec, body, Date.now() - 3_600_000),
      signWebhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`, body),
      signWebhook(whsec, `${body} `),
    ];
    const messages = new Set<string>();
    for (const headers of bad) {
      const refusal = await broker
        .receiveHook('argo', delivery(body, headers))
        .catch((error: Fault) => error);
      expect(refusal).toMatchObject({ code: 'hook.unproven' });
      messages.add((refusal as Fault).message);
    }
    expect(messages.size).toBe(1);
    await ports.flood.close();
    const told = (await eventsOf()).filter((event) => event.type === 'hook.refused');
    expect(told.reduce((sum, event) => sum + event.count, 0)).toBe(bad.length);
    for (const event of told)
      expect(event).toMatchObject({ source: 'argo', reason: expect.stringMatching(/\w/) });
    expect(await ledger.tasks.find(id)).toMatchObject({ state: 'open' });
    expect(provider.live.size).toBe(1);
  });

  test('for an unknown task is a fault, and is not remembered as done', async () => {
    const body = saying('task.completed', 'tsk_00000000');
    const sent = delivery(body);
    for (let i = 0; i < 2; i++)
      await expect(broker.receiveHook('argo', sent)).rejects.toMatchObject({ code: 'task.unknown' });
    expect(counted).toEqual(['argo task.unknown', 'argo task.unknown']);
  });

  test('that says nothing of ours is ignored, with no effect at all', async () => {
    const id = await leased();
    const before = await eventsOf();
    const said = await broker.receiveHook('argo', delivery(saying('task.started', id)));
    expect(said).toEqual({ effect: 'ignored' });
    expect(await eventsOf()).toEqual(before);
    expect(counted).toEqual(['argo ignored']);
  });

  test('that is proven and no JSON is a fault of its sender', async () => {
    await expect(broker.receiveHook('argo', delivery('so long'))).rejects.toMatchObject({
      code: 'request.malformed',
    });
  });
});

describe('a task-end webhook while the store is failing', () => {
  test.each([
    ['before the effect', { tasks: 'end' }],
    ['between the effect and its audit', { log: 'record' }],
    ['between the effect and remembering it', { remember: true }],
  ])('REV-03: %s gets no 2xx, and works when it is sent again', async (_name, broken) => {
    const id = await leased();
    const failing: Ledger = {
      ...ledger,
      ...('tasks' in broken && { tasks: { ...ledger.tasks, end: away } }),
      ...('log' in broken && { log: { ...ledger.log, record: away } }),
      ...('remember' in broken && { remember: away }),
    };
    const sent = delivery(saying('task.completed', id));
    await expect(
      createBroker({ ...ports, flood: flood(failing.log.record), ledger: failing }).receiveHook('argo', sent),
    ).rejects.toMatchObject({ code: 'state.unavailable' });
    const said = await broker.receiveHook('argo', sent);
    expect(said).toEqual({ task: id, effect: 'tasks' in broken ? 'ended' : 'already' });
    await settled();
    expect(provider.live.size).toBe(0);
    expect((await typesOf(id)).filter((type) => type === 'task.ended')).toHaveLength(1);
  });

  test('a forgery that cannot be told in the audit is not answered as a forgery', async () => {
    const failing = { ...ledger, log: { ...ledger.log, record: away } };
    await expect(
      createBroker({ ...ports, flood: flood(failing.log.record), ledger: failing }).receiveHook(
        'argo',
        delivery('{}', {}),
      ),
    ).rejects.toMatchObject({ code: 'state.unavailable' });
  });
});
