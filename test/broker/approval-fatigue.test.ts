import { expect, test } from '@jest/globals';
import { cancelApproval, decideApproval } from '../../src/broker/approvals.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { listApprovals } from '../../src/broker/show-approvals.js';
import type { Meter } from '../../src/broker/meter.js';
import { silentMeter } from '../../src/broker/meter.js';
import { agent, otherAgent, orchestrator } from '../fake/broker-ports.js';
import { ann, askingBroker } from '../fake/asking.js';

test('APR-05: a thousand identical asks are one question', async () => {
  const { ask, ports } = await askingBroker();
  const ids = new Set<string>();
  for (let round = 0; round < 10; round++)
    for (const { id } of await Promise.all(Array.from({ length: 100 }, () => ask()))) ids.add(id);
  expect(ids.size).toBe(1);
  expect(await ports.ledger.approvals.pending()).toBe(1);
  expect((await listApprovals(ports, ann, { pageSize: 50 })).items).toHaveLength(1);
});

test('APR-05: an agent has no more questions open than the settings allow, and is told when to come back', async () => {
  const { ask, ports } = await askingBroker({ settings: { pendingPerAgent: 3 } });
  const [first] = await Promise.all(['a', 'b', 'c'].map((reason) => ask({ reason })));
  const refused: unknown = await ask({ reason: 'd' }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'approval.limit', retryAfterSeconds: expect.any(Number) });
  expect((await ask({ reason: 'a' })).id).toBe(first!.id);
  await decideApproval(ports, ann, first!.id, { is: 'deny', reason: 'no' });
  expect((await ask({ reason: 'd' })).state).toBe('pending');
});

test('APR-05: who asks, cancels and asks again is held to a rate, and no approver hears of more', async () => {
  const { ask, ports, ledger } = await askingBroker({
    settings: { askRatePerAgent: { most: 4, withinSeconds: 60 } },
  });
  for (const reason of ['a', 'b', 'c', 'd']) await cancelApproval(ports, agent, (await ask({ reason })).id);
  await expect(ask({ reason: 'e' })).rejects.toMatchObject({
    code: 'approval.limit',
    retryAfterSeconds: expect.any(Number),
  });
  const heard = (await ledger.log.read({ pageSize: 100 })).items.filter(
    ({ event }) => event.type === 'approval.requested',
  );
  expect(heard).toHaveLength(4);
});

test('APR-05: what is decided, how fast and how, is counted', async () => {
  const counted: unknown[][] = [];
  const meter: Meter = {
    ...silentMeter,
    approvalAsked: (outcome) => counted.push(['asked', outcome]),
    approvalEnded: (outcome, seconds) => counted.push(['ended', outcome, typeof seconds]),
  };
  const { ask, ports } = await askingBroker({ ports: { meter } });
  const { id } = await ask();
  await ask();
  await decideApproval(ports, ann, id, { is: 'approve' });
  expect(counted).toEqual([
    ['asked', 'opened'],
    ['asked', 'same'],
    ['ended', 'approved', 'number'],
  ]);
});

test('an agent lists its own, an operator all, an orchestrator none', async () => {
  const { ask, ports } = await askingBroker();
  const { id } = await ask();
  expect((await listApprovals(ports, agent, { pageSize: 5 })).items.map((one) => one.id)).toEqual([id]);
  expect((await listApprovals(ports, otherAgent, { pageSize: 5 })).items).toEqual([]);
  expect((await listApprovals(ports, ann, { pageSize: 5, agent: agent.id })).items).toHaveLength(1);
  await expect(listApprovals(ports, orchestrator, { pageSize: 5 })).rejects.toMatchObject({
    code: 'role.missing',
  });
});

test('a list goes on from page to page, the latest first', async () => {
  const { ask, ports } = await askingBroker();
  const ids: string[] = [];
  for (const reason of ['a', 'b', 'c', 'd', 'e']) ids.push((await ask({ reason })).id);
  const seen: string[] = [];
  let pageToken: string | undefined;
  do {
    const page = await listApprovals(ports, ann, { pageSize: 2, ...(pageToken && { pageToken }) });
    seen.push(...page.items.map((one) => one.id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  expect(seen.toSorted()).toEqual(ids.toSorted());
});

test('what nobody answered is written down as expired, once', async () => {
  const { ask, ports, events } = await askingBroker({ settings: { pendingFor: 0.02 } });
  const { id } = await ask();
  let expired = 0;
  while (expired === 0) expired += await ports.ledger.approvals.expire(10);
  expect(await ports.ledger.approvals.expire(10)).toBe(0);
  expect((await events()).filter(({ type }) => type === 'approval.expired')).toEqual([
    expect.objectContaining({ approval: id, agent: agent.id }),
  ]);
});

test('OPS-05: who waits very often at once is answered at once, and others wait as long as they like', async () => {
  const { ask, ports } = await askingBroker();
  const { approvals } = createBroker(ports);
  const { id } = await ask();
  const [here, asItIs] = [() => false, expect.objectContaining({ state: 'pending' })];
  const waiting = Array.from({ length: 64 }, () => approvals.await(agent, id, 60_000, here));
  expect(await approvals.await(agent, id, 60_000, here)).toEqual(asItIs);
  const another = approvals.await(ann, id, 60_000, here);
  await decideApproval(ports, ann, id, { is: 'approve' });
  for (const answer of await Promise.all([...waiting, another])) expect(answer.state).toBe('approved');
  const { id: next } = await ask({ reason: 'another' });
  const again = approvals.await(agent, next, 60_000, here);
  await decideApproval(ports, ann, next, { is: 'approve' });
  expect(await again).toMatchObject({ state: 'approved' });
});
