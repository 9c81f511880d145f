import { expect, test } from '@jest/globals';
import { announceContext } from '../../src/broker/announce-context.js';
import { carryOut } from '../../src/broker/carry-out.js';
import type { OpenWithdrawal } from '../../src/broker/carry-out.js';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Decision } from '../../src/policy/decision.js';
import { withdrawals } from '../../src/worker/withdrawals.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

async function setting() {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  let decide: () => Decision = () => permitting();
  const policy = policyOf([entry('pretend')], () => decide());
  let digest = 'one';
  const made = brokerPorts(ledger, [pretendProvider()], {
    policy: () => policy,
    contextDigest: () => digest,
  });
  const broker = createBroker(made.ports);
  await announceContext(made.ports, digest);
  const leased = async () => {
    const deadlineAt = ledger.clock() + 3_600_000;
    const task = await broker.openTask(agent, { intent: 't', deadlineAt, labels: {} });
    return (await broker.grant(agent, { task: task.id, credential: 'pretend-entry', parameters: {} })).lease;
  };
  return {
    ledger,
    ports: made.ports,
    leased,
    change: (next: string, decides: () => Decision) => ((digest = next), (decide = decides)),
  };
}

const always = () => Promise.resolve(true);
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};
const isOver = (ledger: Ledger, digest: string) => async () =>
  (await ledger.withdrawals.context()) === digest && (await ledger.withdrawals.open()).length === 0;

test('POL-06: looking again ends, though leases that pass live on', async () => {
  const { ledger, ports, leased, change } = await setting();
  const { id } = await leased();
  change('two', () => permitting());
  const worker = withdrawals(ports);
  try {
    await until(isOver(ledger, 'two'));
  } finally {
    await worker.close();
  }
  expect((await ledger.leases.find(id))?.state).toBe('active');
  const { items } = await ledger.withdrawals.list({ pageSize: 1 });
  expect(items[0]).toMatchObject({ what: 'evaluate', contextDigest: 'two', sweptAt: expect.any(Number) });
});

test('POL-06: what a process that knew no better issued behind the first pass is found by the last', async () => {
  const { ledger, ports, leased, change } = await setting();
  const deny = (): Decision => ({ is: 'deny', because: ['nobody'], errors: [] });
  // Where this machine was too slow to issue in time, once more.
  for (let round = 0, inTime = false; !inTime; round++) {
    const digest = `two-${round}`;
    change(digest, deny);
    await announceContext(ports, digest);
    const [{ begunAt, ...withdrawal }] = (await ledger.withdrawals.open()) as [OpenWithdrawal];
    const first = await carryOut(ports, { begunAt, ...withdrawal }, always);
    // As another process decides that has not read the new policy yet.
    change(digest, () => permitting());
    const { id } = await leased();
    change(digest, deny);
    inTime = first !== undefined && ledger.clock() < begunAt + 2000;
    const worker = withdrawals(ports);
    await until(isOver(ledger, digest)).finally(() => worker.close());
    if (inTime) expect((await ledger.leases.find(id))?.state).not.toBe('active');
  }
});

test('AUD-02: an evaluation that a newer one overtakes is told with the leases that it took', async () => {
  const { ledger, ports, leased, change } = await setting();
  const { id: lease } = await leased();
  change('two', () => ({ is: 'deny', because: ['nobody'], errors: [] }));
  await announceContext(ports, 'two');
  const [overtaken] = await ledger.withdrawals.open();
  await carryOut(ports, overtaken!, always);
  expect((await ledger.leases.find(lease))?.state).not.toBe('active');
  change('three', () => permitting());
  const worker = withdrawals(ports);
  await until(isOver(ledger, 'three')).finally(() => worker.close());
  const events = (await ledger.log.read({ pageSize: 200 })).items.map(({ event }) => event);
  expect(events).toContainEqual({ type: 'withdrawal.ended', withdrawal: overtaken!.id, total: 1 });
});
