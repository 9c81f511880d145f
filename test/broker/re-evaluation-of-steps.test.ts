import { beforeEach, describe, expect, test } from '@jest/globals';
import { judgeAfterSteps } from '../../src/broker/after-steps.js';
import { announceContext } from '../../src/broker/announce-context.js';
import { carryOut } from '../../src/broker/carry-out.js';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision, Policy, Question } from '../../src/policy/decision.js';
import { withdrawals } from '../../src/worker/withdrawals.js';
import { subtaskOf } from '../fake/delegated.js';
import { admin, agent, brokerPorts, entry, otherAgent, permitting } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { signal } from '../fake/signal.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let elsewhere: Ledger;
let ports: Ports;
let broker: Broker;
let task: string;

const deny = (...because: string[]): Decision => ({ is: 'deny', because, errors: [] });
/** Every tool call is permitted, and no credential for whom has called another tool than this one. */
const onlyWith = (tool: string) => (question: Question) =>
  'entry' in question && question.task.chain?.tools.some((one) => one !== tool)
    ? deny('only-with-its-tool')
    : permitting();

beforeEach(async () => {
  const prefix = uniquePrefix();
  ledger = redisLedger(await connected(backends[0]!.url), { prefix });
  elsewhere = redisLedger(await connected(backends[0]!.url), { prefix });
  const policy = (): Policy => ({
    digest: 'one',
    catalog: new Map([['pretend-entry', entry('pretend', { name: 'pretend-entry' })]]),
    decide: onlyWith('s3.get'),
  });
  ({ ports } = brokerPorts(ledger, [pretendProvider()], { policy, contextDigest: () => 'one' }));
  broker = createBroker(ports);
  await announceContext(ports, 'one');
  task = await opened();
});

const opened = async () => {
  const deadlineAt = ledger.clock() + 3_600_000;
  return (await broker.openTask(agent, { intent: 't', deadlineAt, labels: {} })).id;
};
const leased = async (of = task): Promise<Lease> =>
  (await broker.grant(agent, { task: of, credential: 'pretend-entry', parameters: {} })).lease;
const step = (tool: string, of = task) => broker.takeStep(agent, { task: of, tool });
const always = () => Promise.resolve(true);
const stateOf = async ({ id }: Lease) => (await ledger.leases.find(id))?.state;
const whyRevoked = async (lease: Lease) => {
  const { items } = await ledger.log.read({ pageSize: 100, subject: lease.id });
  const revoking = items.map(({ event }) => event).find(({ type }) => type === 'lease.revoking');
  return revoking && { cause: revoking['cause' as never], reason: revoking['reason' as never] };
};

describe('POL-06: a step that changes the chain of tools', () => {
  test('of a sub-task revokes what no longer passes of all that have the chain with it', async () => {
    const part = subtaskOf(
      await broker.delegate(agent, {
        ...{ parent: task, agent: otherAgent.id, intent: 'a part', deadlineAt: ledger.clock() + 60_000 },
        scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
      }),
    );
    const above = await leased();
    const asking = { task: part.id, credential: 'pretend-entry', parameters: {} };
    const { lease: below } = await broker.grant(otherAgent, asking);
    const unrelated = await leased(await opened());
    await broker.takeStep(otherAgent, { task: part.id, tool: 'mail.send' });
    await judgeAfterSteps(ports, always);
    for (const lease of [above, below]) expect((await whyRevoked(lease))?.cause).toBe('context_changed');
    expect(await stateOf(unrelated)).toBe('active');
    expect(await ledger.steps.stepped(10)).toEqual([]);
  });

  test('takes back what would not be issued on the new chain, with the reason, and nothing of another task', async () => {
    const [mine, also, theirs] = [await leased(), await leased(), await leased(await opened())];
    await step('s3.get');
    await judgeAfterSteps(ports, always);
    expect([await stateOf(mine), await stateOf(theirs)]).toEqual(['active', 'active']);
    await step('mail.send');
    await judgeAfterSteps(ports, always);
    for (const one of [mine, also])
      expect(await whyRevoked(one)).toEqual({
        cause: 'context_changed',
        reason: 'policy.denied: only-with-its-tool',
      });
    expect(await stateOf(theirs)).toBe('active');
    const { items } = await broker.listRevocations(admin, { pageSize: 5 });
    expect(items).toMatchObject([{ what: 'evaluate', scope: { of: 'task', name: task }, total: 2 }]);
    expect(await ledger.withdrawals.open()).toEqual([]);
    expect(await ledger.steps.stepped(5)).toEqual([]);
  });

  test('is judged by a process that remembers the task as it was before', async () => {
    const lease = await leased();
    const worker = { ...ports, ledger: elsewhere };
    await elsewhere.tasks.recall(task);
    await step('mail.send');
    await judgeAfterSteps(worker, always);
    expect((await whyRevoked(lease))?.cause).toBe('context_changed');
  });

  test('asks for nothing where the task has no live lease, or the step was denied', async () => {
    await step('mail.send');
    expect(await ledger.steps.stepped(5)).toEqual([]);
    const other = await opened();
    const lease = await leased(other);
    const before = ports.policy();
    const denying = createBroker({ ...ports, policy: () => ({ ...before, decide: () => deny('no') }) });
    expect(await denying.takeStep(agent, { task: other, tool: 'mail.send' })).toMatchObject({
      decision: 'deny',
    });
    expect(await ledger.steps.stepped(5)).toEqual([]);
    expect(await stateOf(lease)).toBe('active');
  });

  test('stays to be judged when another step comes while it is judged', async () => {
    await leased();
    await step('s3.get');
    const [before] = await ledger.steps.stepped(5);
    await step('s3.get');
    await ledger.steps.looked(before!);
    const [after] = await ledger.steps.stepped(5);
    expect(after).toEqual({ id: task, count: 2 });
    await ledger.steps.looked(after!);
    expect(await ledger.steps.stepped(5)).toEqual([]);
  });

  test('is judged in its turn: what has waited longest goes first, whatever is stepped on and however often', async () => {
    const first = task;
    for (let n = 0; n < 3; n++) {
      await leased(first);
      await step('s3.get', first);
    }
    const second = await opened();
    await leased(second);
    await step('s3.get', second);
    expect(await ledger.steps.stepped(1)).toEqual([{ id: first, count: 3 }]);
    await step('s3.get', first);
    await ledger.steps.looked({ id: first, count: 3 });
    expect(await ledger.steps.stepped(2)).toEqual([
      { id: second, count: 1 },
      { id: first, count: 4 },
    ]);
  });

  test('costs nothing for the sub-tasks that hold nothing', async () => {
    const scope = { allowed: [{ credential: 'pretend-entry', limits: {} }] };
    const deadlineAt = ledger.clock() + 60_000;
    const part = { parent: task, agent: otherAgent.id, intent: 'a part', deadlineAt, scope };
    const [idle, busy] = [
      subtaskOf(await broker.delegate(agent, part)),
      subtaskOf(await broker.delegate(agent, part)),
    ];
    await broker.grant(otherAgent, { task: busy.id, credential: 'pretend-entry', parameters: {} });
    await broker.takeStep(otherAgent, { task: idle.id, tool: 's3.get' });
    const listed: (string | undefined)[] = [];
    const list: Ledger['leases']['list'] = (query) => (listed.push(query.task), ledger.leases.list(query));
    const watched = { ...ledger, leases: { ...ledger.leases, list } };
    await judgeAfterSteps({ ...ports, ledger: watched }, always);
    expect(listed).toEqual([busy.id]);
  });

  test('is carried through by another process when the first dies while taking back', async () => {
    const lease = await leased();
    await step('mail.send');
    const dying = {
      ...ports,
      ledger: {
        ...ledger,
        withdrawals: { ...ledger.withdrawals, take: () => Promise.reject(new Error('killed')) },
      },
    };
    await expect(judgeAfterSteps(dying, always)).rejects.toThrow('killed');
    expect(await stateOf(lease)).toBe('active');
    for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, always);
    expect((await whyRevoked(lease))?.reason).toBe('policy.denied: only-with-its-tool');
    expect(await ledger.steps.stepped(5)).toEqual([{ id: task, count: 1 }]);
    await judgeAfterSteps(ports, always);
    expect(await ledger.steps.stepped(5)).toEqual([]);
  });

  test('REV-06: the kill switch does not wait for what is judged at great length', async () => {
    const lease = await leased();
    await step('s3.get');
    const [asked, held] = [signal(), signal()];
    const list: Ledger['leases']['list'] = async (query) => {
      asked.give();
      await held.given;
      return ledger.leases.list(query);
    };
    const slow = { ...ports, ledger: { ...ledger, leases: { ...ledger.leases, list } } };
    const worker = withdrawals(slow);
    await asked.given;
    await broker.revokeMany(admin, { scope: { of: 'all', name: '' }, reason: 'now', block: true });
    while ((await stateOf(lease)) === 'active') await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await whyRevoked(lease))?.cause).toBe('kill_switch');
    held.give();
    await worker.close();
  });

  test('is judged by the loop that every process runs, and by none that decides by something older', async () => {
    const lease = await leased();
    const closing = [withdrawals(ports)];
    await step('mail.send');
    while ((await stateOf(lease)) === 'active') await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await whyRevoked(lease))?.reason).toBe('policy.denied: only-with-its-tool');
    await Promise.all(closing.map((each) => each.close()));
  });
});
