import { beforeEach, expect, test } from '@jest/globals';
import type { Flood } from '../../src/broker/flood.js';
import { flood } from '../../src/broker/flood.js';
import type { Ports } from '../../src/broker/ports.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts, orchestrator, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let ports: Ports;
let refusals: Flood;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  refusals = flood((event) => ledger.log.record(event));
  const made = brokerPorts(ledger, [pretendProvider()], { flood: refusals });
  // Within a day, so that how long the test takes changes nothing.
  const taskRatePerAgent = { most: 5, withinSeconds: 86_400 };
  ports = { ...made.ports, limits: { ...made.ports.limits, taskRatePerAgent } };
});

const open = (by: Principal = agent, over: { agent?: string } = {}, key?: string) =>
  openTask(ports, by, { intent: 't', deadlineAt: ledger.clock() + 3_600_000, labels: {}, ...over }, key);
const outcomeOf = (opening: Promise<unknown>) =>
  opening.then(
    () => 'opened',
    (fault: { code: string }) => fault.code,
  );
const limited = async () =>
  (await ledger.log.read({ subject: agent.id, pageSize: 500 })).items
    .map(({ event }) => event)
    .filter(({ type }) => type === 'task.limited');

test('OPS-05: of 300 tasks that one agent opens at once, so many are opened as may be; the rest is 429', async () => {
  const outcomes = await Promise.all(Array.from({ length: 300 }, () => outcomeOf(open())));
  expect(outcomes.filter((one) => one === 'opened')).toHaveLength(5);
  expect(outcomes.filter((one) => one === 'quota.task_rate')).toHaveLength(295);
  expect((await ledger.tasks.list({ agent: agent.id, pageSize: 100 })).items).toHaveLength(5);
  // When the next one would pass: a day is a fifth of a day for each.
  await expect(open()).rejects.toMatchObject({
    code: 'quota.task_rate',
    message: 'As many tasks were opened for this agent as may be: 5 in 1d.',
    retryAfterSeconds: expect.any(Number),
  });
  const { retryAfterSeconds } = (await open().catch((fault: unknown) => fault)) as {
    retryAfterSeconds: number;
  };
  expect(retryAfterSeconds).toBeGreaterThan(17_280 - 3600);
  expect(retryAfterSeconds).toBeLessThanOrEqual(17_280);
});

test('OPS-05: the audit counts each of them in a few records', async () => {
  for (let n = 0; n < 105; n++) await outcomeOf(open());
  await refusals.close();
  const told = await limited();
  expect(told.reduce((sum, event) => sum + (event as { count: number }).count, 0)).toBe(100);
  expect(told.length).toBeLessThan(50);
  expect(told[0]).toEqual({
    type: 'task.limited',
    task: '',
    agent: agent.id,
    by: agent.id,
    fault: 'quota.task_rate',
    quota: 'As many tasks were opened for this agent as may be: 5 in 1d.',
    count: 1,
  });
});

test('a quota is of the agent that a task is for, whoever opens it, and of no other agent', async () => {
  for (let n = 0; n < 5; n++) await open(orchestrator, { agent: agent.id });
  expect(await outcomeOf(open())).toBe('quota.task_rate');
  expect(await outcomeOf(open(orchestrator, { agent: agent.id }))).toBe('quota.task_rate');
  expect(await outcomeOf(open(otherAgent))).toBe('opened');
  expect(await outcomeOf(open(orchestrator, { agent: otherAgent.id }))).toBe('opened');
});

test('a request that is sent again opens nothing and is not counted, nor refused', async () => {
  const request = { intent: 't', deadlineAt: ledger.clock() + 3_600_000, labels: {} };
  const again = () => openTask(ports, agent, request, 'the-key');
  const { id } = await again();
  for (let n = 0; n < 20; n++) expect((await again()).id).toBe(id);
  for (let n = 0; n < 4; n++) await open();
  expect(await outcomeOf(open())).toBe('quota.task_rate');
  expect((await again()).id).toBe(id);
});
