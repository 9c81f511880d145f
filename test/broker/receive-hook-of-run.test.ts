import { beforeEach, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import { hookSettings } from '../../src/identity/hooks/hook-settings.js';
import { readHook } from '../../src/identity/hooks/read-hook.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts, orchestrator } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const bearer = 'a-shared-secret-of-a-sender';
const hooks = hookSettings.parse({
  airflow: {
    scheme: 'bearer',
    secrets: [bearer],
    openedBy: [orchestrator.id],
    tasks: [
      { when: { '/eventType': 'COMPLETE' }, run: '/run/runId', runPrefix: 'airflow:' },
      {
        when: { '/eventType': ['FAIL', 'ABORT'] },
        run: '/run/runId',
        runPrefix: 'airflow:',
        outcome: { from: '/eventType', is: { ABORT: 'cancelled' } },
      },
    ],
  },
});

let ledger: Ledger;
let provider: PretendProvider;
let broker: Broker;
let settled: () => Promise<unknown>;

beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  provider = pretendProvider();
  const made = brokerPorts(ledger, [provider], {
    readHook: (source, delivery, now) => hooks[source] && readHook(hooks[source], delivery, now),
    hookMayEnd: (source, { openedBy }) => hooks[source]?.openedBy?.includes(openedBy) ?? true,
  });
  settled = made.settled;
  broker = createBroker(made.ports);
});

const deliver = (eventType: string, runId: string) =>
  broker.receiveHook('airflow', {
    headers: { authorization: `Bearer ${bearer}` },
    rawBody: Buffer.from(JSON.stringify({ eventType, run: { runId } })),
  });

const open = (run: string, by = orchestrator) =>
  broker.openTask(by, {
    intent: 't',
    deadlineAt: ledger.clock() + 3_600_000,
    labels: {},
    run,
    ...(by === orchestrator && { agent: agent.id }),
  });

const eventsOf = async () => (await ledger.log.read({ pageSize: 200 })).items.map(({ event }) => event);

test('a webhook about a run ends every task of the run, and what they had is revoked', async () => {
  const [first, second, other] = [
    await open('airflow:r-1'),
    await open('airflow:r-1'),
    await open('airflow:r-2'),
  ];
  for (const { id } of [first, second, other])
    await broker.grant(agent, { task: id, credential: 'pretend-entry', parameters: {} });

  expect(await deliver('FAIL', 'r-1')).toEqual({
    tasks: [first.id, second.id].toSorted(),
    effect: 'ended',
  });
  await settled();
  expect(provider.live.size).toBe(1);
  for (const { id } of [first, second])
    expect(await ledger.tasks.find(id)).toMatchObject({
      state: 'ended',
      outcome: 'failed',
      run: 'airflow:r-1',
    });
  expect((await ledger.tasks.find(other.id))?.state).toBe('open');
  expect(await eventsOf()).toContainEqual(
    expect.objectContaining({ type: 'hook.accepted', task: first.id, run: 'airflow:r-1' }),
  );
});

test('I6: sent again it changes nothing, and is not told again', async () => {
  await open('airflow:r-1');
  await deliver('COMPLETE', 'r-1');
  const before = await eventsOf();
  expect(await deliver('COMPLETE', 'r-1')).toMatchObject({ effect: 'already' });
  expect(await eventsOf()).toEqual(before);
});

test('a task that was opened after the first delivery is ended by the second', async () => {
  await open('airflow:r-1');
  await deliver('COMPLETE', 'r-1');
  const late = await open('airflow:r-1');
  expect(await deliver('COMPLETE', 'r-1')).toMatchObject({ effect: 'ended' });
  expect((await ledger.tasks.find(late.id))?.state).toBe('ended');
});

test.each([
  ['a run without a task here', 'COMPLETE', 'r-9'],
  ['a run that goes on', 'RUNNING', 'r-1'],
  ['no run', 'COMPLETE', ''],
])('%s is ignored', async (_name, eventType, runId) => {
  const task = await open('airflow:r-1');
  expect(await deliver(eventType, runId)).toEqual({ effect: 'ignored' });
  expect((await ledger.tasks.find(task.id))?.state).toBe('open');
});

test('a task that an agent opened under the name of a run stays out of reach of a source that is bound to others', async () => {
  const foreign = await open('airflow:r-1', agent);
  const its = await open('airflow:r-1');
  expect(await deliver('COMPLETE', 'r-1')).toEqual({ tasks: [its.id], effect: 'ended' });
  expect((await ledger.tasks.find(foreign.id))?.state).toBe('open');
});

test('I10: an agent that fills the run of an orchestrator has filled its own part of it, and nothing is lost in it', async () => {
  for (let n = 0; n < 256; n++) await open('airflow:r-1', agent);
  await expect(open('airflow:r-1', agent)).rejects.toMatchObject({ code: 'task.run_full' });
  const its = await open('airflow:r-1');
  expect(await ledger.tasks.ofRun('airflow:r-1')).toHaveLength(257);
  expect(await deliver('COMPLETE', 'r-1')).toEqual({ tasks: [its.id], effect: 'ended' });
});

test('a run takes 256 open tasks; those that are over make room', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 256; n++) ids.push((await open('big')).id);
  await expect(open('big')).rejects.toMatchObject({ code: 'task.run_full' });
  await broker.endTask(orchestrator, ids[0]!, 'completed');
  const next = await open('big');
  expect((await ledger.tasks.ofRun('big')).toSorted()).toEqual([...ids.slice(1), next.id].toSorted());
});
