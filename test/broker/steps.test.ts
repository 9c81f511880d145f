import { beforeEach, describe, expect, test } from '@jest/globals';
import { grant } from '../../src/broker/grant.js';
import { renew } from '../../src/broker/renew.js';
import { listSteps, takeStep } from '../../src/broker/steps.js';
import { endTask, openTask } from '../../src/broker/tasks.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { agent, orchestrator, otherAgent, permitting } from '../fake/broker-ports.js';
import { denied, opening, stepping } from './stepping.js';
import type { Stepping } from './stepping.js';

let world: Stepping;
let ledger: Ledger;
let other: Ledger;
let ports: Ports;
beforeEach(async () => {
  world = await stepping();
  ({ ledger, other, ports } = world);
});

const eventsOf = async (subject: string) =>
  (await ledger.log.read({ subject, pageSize: 100 })).items.map((record) => record.event);

describe('steps', () => {
  test('a step is durable with its decision, its event and the chain that it makes', async () => {
    const task = await openTask(ports, agent, opening);
    const step = await takeStep(ports, agent, {
      task: task.id,
      tool: 's3.get',
      dataClass: 'public',
      reason: 'r',
    });
    expect(step).toMatchObject({
      decision: 'permit',
      because: ['allow-all'],
      kind: 'read',
      dataClass: 'internal',
    });
    expect(await listSteps(ports, agent, task.id)).toEqual([step]);
    expect((await ledger.tasks.find(task.id))!.chain).toEqual({
      count: 1,
      last: ['s3.get'],
      tools: ['s3.get'],
      kinds: ['read'],
      dataClasses: ['internal'],
      steppedAt: step.decidedAt,
    });
    expect((await eventsOf(task.id))[1]).toMatchObject({
      type: 'step.decided',
      step: step.id,
      tool: 's3.get',
      asserted: { dataClass: 'public', reason: 'r' },
      chain: { count: 0, tools: [] },
      decided: { is: 'permit', because: ['allow-all'], policyDigest: 'd1' },
    });
  });

  test('policy sees the chain before the step, as the settings have its tools', async () => {
    const task = await openTask(ports, agent, opening);
    const seen: unknown[] = [];
    world.decide = ({ task: { chain }, toolFacts }) => {
      seen.push([chain?.tools ?? [], toolFacts?.kind]);
      return permitting();
    };
    for (const tool of ['s3.get', 'shell', 'mail.send'])
      await takeStep(ports, agent, { task: task.id, tool });
    expect(seen).toEqual([
      [[], 'read'],
      [['s3.get'], undefined],
      [['s3.get', 'shell'], 'write'],
    ]);
    expect((await ledger.tasks.find(task.id))!.chain).toMatchObject({ kinds: ['read', 'write'], count: 3 });
  });

  test('a step that is denied is recorded and is no part of the chain', async () => {
    const task = await openTask(ports, agent, opening);
    world.decide = () => denied(['guard']);
    const step = await takeStep(ports, agent, { task: task.id, tool: 'mail.send' });
    expect(step).toMatchObject({ decision: 'deny', because: ['guard'], fault: 'policy.denied' });
    expect((await ledger.tasks.find(task.id))!.chain).toBeUndefined();
    expect((await eventsOf(task.id)).map(({ type }) => type)).toEqual(['task.opened', 'step.decided']);
  });

  test('I4: after the end of its task no step is taken, though this process still remembers it as open', async () => {
    const task = await openTask(ports, agent, opening);
    await other.tasks.end(task.id, { outcome: 'completed', by: 'x', via: 'call' });
    await expect(takeStep(ports, agent, { task: task.id, tool: 's3.get' })).rejects.toMatchObject({
      code: 'task.ended',
    });
  });

  test('a step that another process recorded is part of what the next is decided on', async () => {
    const task = await openTask(ports, agent, opening);
    const elsewhere = { ...ports, ledger: other };
    const seen: unknown[] = [];
    world.decide = ({ task: { chain } }) => {
      seen.push(chain?.count ?? 0);
      return permitting();
    };
    await takeStep(elsewhere, agent, { task: task.id, tool: 's3.get' });
    await takeStep(ports, agent, { task: task.id, tool: 'mail.send' });
    expect(seen).toEqual([0, 0, 1]);
    expect((await ledger.tasks.find(task.id))!.chain).toMatchObject({
      count: 2,
      last: ['s3.get', 'mail.send'],
    });
  });

  test('a credential is decided again when a step was recorded since the task was read', async () => {
    const task = await openTask(ports, agent, opening);
    await takeStep({ ...ports, ledger: other }, agent, { task: task.id, tool: 's3.get' });
    world.decide = ({ task: { chain } }) => (chain ? denied(['too-late']) : permitting());
    const asking = grant(ports, agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
    await expect(asking).rejects.toMatchObject({ code: 'policy.denied', policies: ['too-late'] });
    expect((await ledger.leases.list({ task: task.id, pageSize: 9 })).items).toEqual([]);
  });

  test('a lease is bound to a permitted step of its tool, and to no other', async () => {
    const task = await openTask(ports, agent, opening);
    const ask = (over: object) =>
      grant(ports, agent, {
        task: task.id,
        credential: 'pretend-entry',
        parameters: {},
        tool: 's3.get',
        ...over,
      });
    const step = await takeStep(ports, agent, { task: task.id, tool: 's3.get' });
    const { lease } = await ask({ step: step.id });
    expect(await ledger.leases.find(lease.id)).toMatchObject({ step: step.id, tool: 's3.get' });
    expect((await eventsOf(task.id)).find(({ type }) => type === 'lease.reserved')).toMatchObject({
      asked: { step: step.id, tool: 's3.get' },
      chain: { count: 1, tools: ['s3.get'] },
    });
    await expect(ask({ step: step.id, tool: 'mail.send' })).rejects.toMatchObject({ code: 'step.unknown' });
    await expect(ask({ step: `${step.id.slice(0, -1)}!` })).rejects.toMatchObject({ code: 'step.unknown' });
    const permit = world.decide;
    world.decide = () => denied();
    const refused = await takeStep(ports, agent, { task: task.id, tool: 's3.get' });
    world.decide = permit;
    await expect(ask({ step: refused.id })).rejects.toMatchObject({ code: 'step.unknown' });
    const another = await openTask(ports, agent, opening);
    await expect(ask({ task: another.id, step: step.id })).rejects.toMatchObject({ code: 'step.unknown' });
  });

  test('POL-06: a renewal is decided again when a step was recorded since the task was read', async () => {
    const task = await openTask(ports, agent, opening);
    const { lease } = await grant(ports, agent, {
      task: task.id,
      credential: 'pretend-entry',
      parameters: {},
    });
    await takeStep({ ...ports, ledger: other }, agent, { task: task.id, tool: 's3.get' });
    world.decide = ({ task: { chain } }) => (chain ? denied(['too-late']) : permitting());
    await expect(renew(ports, agent, { lease: lease.id, ttlSeconds: 1200 })).rejects.toMatchObject({
      code: 'policy.denied',
      policies: ['too-late'],
    });
    expect(await ledger.leases.find(lease.id)).toMatchObject({ expiresAt: lease.expiresAt });
  });

  test('who opened the task for the agent takes none of its steps, nor its credentials', async () => {
    const task = await openTask(ports, orchestrator, { ...opening, agent: agent.id });
    for (const one of [orchestrator, otherAgent])
      await expect(takeStep(ports, one, { task: task.id, tool: 's3.get' })).rejects.toMatchObject({
        code: one === orchestrator ? 'role.missing' : 'task.unknown',
      });
  });

  test('a retried step is the step that was recorded; its key with another tool is refused', async () => {
    const task = await openTask(ports, agent, opening);
    const first = await takeStep(ports, agent, { task: task.id, tool: 's3.get' }, 'k');
    expect(await takeStep(ports, agent, { task: task.id, tool: 's3.get' }, 'k')).toEqual(first);
    await expect(takeStep(ports, agent, { task: task.id, tool: 'x' }, 'k')).rejects.toMatchObject({
      code: 'idempotency.reused',
    });
    expect((await ledger.tasks.find(task.id))!.chain!.count).toBe(1);
  });

  test('steps of one task that come at once each follow the one before', async () => {
    const task = await openTask(ports, agent, opening);
    const names = Array.from({ length: 6 }, (_, n) => `tool-${n}`);
    await Promise.all(names.map((tool) => takeStep(ports, agent, { task: task.id, tool })));
    const chain = (await ledger.tasks.find(task.id))!.chain!;
    expect(chain.count).toBe(6);
    expect(chain.tools).toEqual(names);
    const counts = (await eventsOf(task.id)).flatMap((event) =>
      event.type === 'step.decided' ? [event.chain.count] : [],
    );
    expect(counts).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('a hundred steps of one task at once, to two processes, are all taken, and so is a credential between them', async () => {
    const task = await openTask(ports, agent, opening);
    const elsewhere = { ...ports, ledger: other };
    const steps = Array.from({ length: 100 }, (_, n) =>
      takeStep(n % 2 ? ports : elsewhere, agent, { task: task.id, tool: 's3.get' }),
    );
    await grant(ports, agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
    expect(new Set((await Promise.all(steps)).map(({ decision }) => decision))).toEqual(new Set(['permit']));
    expect((await ledger.tasks.find(task.id))!.chain!.count).toBe(100);
  });

  test('a task has no more steps than it may have, and no more tools than a chain can hold', async () => {
    const few = { ...ports, limits: { ...ports.limits, stepsPerTask: 2 } };
    const task = await openTask(ports, agent, opening);
    for (const tool of ['a', 'b']) await takeStep(few, agent, { task: task.id, tool });
    await expect(takeStep(few, agent, { task: task.id, tool: 'a' })).rejects.toMatchObject({
      code: 'task.steps',
    });
    for (let n = 0; n < 62; n++) await takeStep(ports, agent, { task: task.id, tool: `tool-${n}` });
    await expect(takeStep(ports, agent, { task: task.id, tool: 'new' })).rejects.toMatchObject({
      code: 'task.steps',
    });
    expect(await takeStep(ports, agent, { task: task.id, tool: 'a' })).toMatchObject({ decision: 'permit' });
  });

  test('ending keeps the steps for whoever looks', async () => {
    const task = await openTask(ports, agent, opening);
    const step = await takeStep(ports, agent, { task: task.id, tool: 's3.get' });
    await endTask(ports, agent, task.id, 'completed');
    expect(await listSteps(ports, agent, task.id)).toEqual([step]);
  });
});
