import { beforeEach, describe, expect, test } from '@jest/globals';
import { grant } from '../../src/broker/grant.js';
import { endTask, findTask, listTasks, openTask } from '../../src/broker/tasks.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts, orchestrator, otherAgent, viewer } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let provider: PretendProvider;
let ports: Ports;
let settled: () => Promise<unknown>;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  provider = pretendProvider();
  ({ ports, settled } = brokerPorts(ledger, [provider]));
});

const hourMs = 3_600_000;
const opening = () => ({ intent: 'test', deadlineAt: ledger.clock() + hourMs, labels: {} });
const forAgent = () => ({ ...opening(), agent: agent.id });
const refused = (code: string) => ({ code });

describe('opening a task', () => {
  test('an agent opens it for itself, and an orchestrator for an agent, who may then use it', async () => {
    expect(await openTask(ports, agent, opening())).toMatchObject({ agent: agent.id, openedBy: agent.id });
    const task = await openTask(ports, orchestrator, forAgent());
    expect(task).toMatchObject({ agent: agent.id, openedBy: orchestrator.id, state: 'open' });
    const ask = { task: task.id, credential: 'pretend-entry', parameters: {} };
    await expect(grant(ports, agent, ask)).resolves.toMatchObject({ lease: { agent: agent.id } });
    await expect(grant(ports, orchestrator, ask)).rejects.toMatchObject(refused('role.missing'));
  });

  test('OPS-04: an operator opens none, an agent none for another, an orchestrator none for nobody', async () => {
    await expect(openTask(ports, admin, opening())).rejects.toMatchObject(refused('role.missing'));
    await expect(openTask(ports, otherAgent, forAgent())).rejects.toMatchObject(refused('role.missing'));
    await expect(openTask(ports, orchestrator, opening())).rejects.toMatchObject({
      code: 'request.malformed',
      errors: [{ pointer: '/agent', detail: 'required' }],
    });
    expect((await ledger.tasks.list({ pageSize: 10 })).items).toEqual([]);
  });

  test.each([
    'spiffe://example.org',
    'spiffe://example.org/agent/../operator/a',
    'spiffe://Example.org/agent/a',
    'SPIFFE://example.org/agent/a',
    'spiffe://example.org/agent/a/',
    'spiffe://example.org/agent/%61',
  ])('WID-02: no task is opened for %s, which no token can prove', async (malformed) => {
    const opened = openTask(ports, orchestrator, { ...opening(), agent: malformed });
    await expect(opened).rejects.toMatchObject({
      code: 'request.malformed',
      errors: [{ pointer: '/agent' }],
    });
  });

  test('a deadline lies ahead, and no further than the longest task', async () => {
    const open = (inMs: number) =>
      openTask(ports, agent, { ...opening(), deadlineAt: ledger.clock() + inMs });
    for (const inMs of [-1, 0, -hourMs, 86_400_000 + hourMs])
      await expect(open(inMs)).rejects.toMatchObject(refused('task.deadline_past'));
    await expect(open(86_400_000 + 1000)).rejects.toThrow('a task may last 1d at the most');
    await expect(open(86_400_000 - 1000)).resolves.toBeDefined();
  });

  test('I6: a retry with its key finds the task, even though "in an hour" means another moment by then', async () => {
    const first = await openTask(ports, agent, { ...opening(), deadlineInSeconds: 3600 }, 'key');
    const later = { ...opening(), deadlineAt: first.deadlineAt + 5000, deadlineInSeconds: 3600 };
    expect(await openTask(ports, agent, later, 'key')).toEqual(first);
    expect((await ledger.tasks.list({ pageSize: 10 })).items).toEqual([first]);
    await expect(openTask(ports, agent, { ...later, deadlineInSeconds: 1800 }, 'key')).rejects.toMatchObject(
      refused('idempotency.reused'),
    );
  });

  test("I6: a moment named outright is part of the request, and a key is its principal's own", async () => {
    const request = opening();
    const first = await openTask(ports, agent, request, 'key');
    expect(await openTask(ports, agent, request, 'key')).toEqual(first);
    await expect(
      openTask(ports, agent, { ...request, deadlineAt: request.deadlineAt + 1 }, 'key'),
    ).rejects.toMatchObject(refused('idempotency.reused'));
    const others = await openTask(ports, otherAgent, request, 'key');
    expect(others.id).not.toBe(first.id);
  });

  test('I6: of ten openings at once under one key there is one task', async () => {
    const request = opening();
    const all = await Promise.all(Array.from({ length: 10 }, () => openTask(ports, agent, request, 'key')));
    expect(new Set(all.map((task) => task.id)).size).toBe(1);
  });

  test('an id that is taken is not used again', async () => {
    let refusals = 2;
    const tasks = {
      ...ledger.tasks,
      open: (...args: Parameters<Ledger['tasks']['open']>) =>
        refusals-- > 0 ? Promise.resolve(undefined) : ledger.tasks.open(...args),
    };
    const unlucky = { ...ports, ledger: { ...ledger, tasks } };
    await expect(openTask(unlucky, agent, opening())).resolves.toBeDefined();
    refusals = Infinity;
    await expect(openTask(unlucky, agent, opening())).rejects.toMatchObject(refused('internal'));
  });
});

describe('seeing tasks', () => {
  test('its agent, who opened it, and operators see a task; for others it is not there', async () => {
    const task = await openTask(ports, orchestrator, forAgent());
    for (const who of [agent, orchestrator, viewer, admin])
      expect(await findTask(ports, who, task.id)).toEqual(task);
    for (const who of [otherAgent, { ...orchestrator, id: 'orchestrator:other' }])
      await expect(findTask(ports, who, task.id)).rejects.toMatchObject(refused('task.unknown'));
    await expect(findTask(ports, admin, 'tsk_00000000')).rejects.toMatchObject(refused('task.unknown'));
  });

  test('an agent lists its own whoever it asks for, an operator lists all', async () => {
    const own = await openTask(ports, agent, opening());
    const others = await openTask(ports, otherAgent, opening());
    const ids = async (...args: Parameters<typeof listTasks>) =>
      (await listTasks(...args)).items.map((task) => task.id).sort();
    expect(await ids(ports, agent, { pageSize: 10 })).toEqual([own.id]);
    expect(await ids(ports, agent, { pageSize: 10, agent: otherAgent.id })).toEqual([own.id]);
    expect(await ids(ports, viewer, { pageSize: 10 })).toEqual([own.id, others.id].sort());
    expect(await ids(ports, viewer, { pageSize: 10, agent: otherAgent.id })).toEqual([others.id]);
    await expect(async () => listTasks(ports, orchestrator, { pageSize: 10 })).rejects.toMatchObject(
      refused('role.missing'),
    );
  });
});

describe('ending a task', () => {
  test('I4: its agent, who opened it and an admin may; its leases are revoked and nothing more is issued', async () => {
    for (const who of [agent, orchestrator, admin]) {
      const task = await openTask(ports, orchestrator, forAgent());
      const ask = { task: task.id, credential: 'pretend-entry', parameters: {} };
      const { lease } = await grant(ports, agent, ask);
      const ended = await endTask(ports, who, task.id, 'failed');
      expect(ended).toMatchObject({ state: 'ended', outcome: 'failed', endedBy: who.id });
      await settled();
      expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked', cause: 'task_end' });
      await expect(grant(ports, agent, ask)).rejects.toMatchObject(refused('task.ended'));
    }
    expect(provider.live.size).toBe(0);
  });

  test('OPS-04: a viewer may not, and to others the task is not there', async () => {
    const task = await openTask(ports, agent, opening());
    await expect(endTask(ports, viewer, task.id, 'completed')).rejects.toMatchObject(refused('role.missing'));
    for (const who of [otherAgent, orchestrator])
      await expect(endTask(ports, who, task.id, 'completed')).rejects.toMatchObject(refused('task.unknown'));
    expect(await findTask(ports, agent, task.id)).toEqual(task);
  });

  test('I6: ending it twice is ending it once, and the first outcome stays', async () => {
    const task = await openTask(ports, agent, opening());
    const first = await endTask(ports, agent, task.id, 'completed');
    expect(await endTask(ports, admin, task.id, 'failed')).toEqual(first);
  });

  test('I7: a queue that is away does not keep a task from ending', async () => {
    const task = await openTask(ports, agent, opening());
    await grant(ports, agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
    const queue = { ...ports.queue, add: () => Promise.reject(new Error('away')) };
    expect(await endTask({ ...ports, queue }, agent, task.id, 'completed')).toMatchObject({ state: 'ended' });
  });
});
