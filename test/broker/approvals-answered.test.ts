import { describe, expect, test } from '@jest/globals';
import { cancelApproval, decideApproval, findApproval, revokeApproval } from '../../src/broker/approvals.js';
import { grant } from '../../src/broker/grant.js';
import { listApprovals } from '../../src/broker/show-approvals.js';
import { openTask } from '../../src/broker/tasks.js';
import { agent, admin, permitting, viewer } from '../fake/broker-ports.js';
import { ann, asking, askingBroker, bob } from '../fake/asking.js';

const yes = { is: 'approve' } as const;
const no = { is: 'deny', reason: 'not on a Friday' } as const;

describe('less, no, and taking back', () => {
  test('APR-06: a denial has a reason, and the same request is not shown to anyone for a while', async () => {
    const { ask, ports, use } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, no);
    for (const who of [ann, bob])
      await expect(decideApproval(ports, who, id, yes)).rejects.toMatchObject({ code: 'approval.decided' });
    await expect(use(id)).rejects.toMatchObject({
      code: 'approval.denied',
      message: expect.stringContaining('not on a Friday'),
    });
    await expect(ask()).rejects.toMatchObject({ code: 'approval.denied' });
    expect((await ask({ reason: 'something else' })).state).toBe('pending');
  });

  test('after the cool-down a denied request can be asked again', async () => {
    const { ask, ports } = await askingBroker({ settings: { askAgainAfter: 0.05 } });
    const first = await ask();
    await decideApproval(ports, ann, first.id, no);
    let again = await ask().catch(() => undefined);
    while (!again) again = await ask().catch(() => undefined);
    expect(again.id).not.toBe(first.id);
  });

  test('an approval can give less: a shorter time, a folder within, fewer of a set; and no more is issued', async () => {
    const { ask, ports, use, events } = await askingBroker();
    const { id } = await ask();
    const approved = await decideApproval(ports, ann, id, {
      ...yes,
      ttlSeconds: 60,
      parameters: { prefix: 'reports/2026/', months: ['02'] },
    });
    expect(approved).toMatchObject({
      granted: { ttlSeconds: 60, parameters: { prefix: 'reports/2026/', months: ['02'] } },
    });
    const { lease } = await use(id);
    expect(lease.parameters).toEqual({ prefix: 'reports/2026/', months: ['02'] });
    expect(lease.expiresAt - lease.reservedAt).toBeLessThanOrEqual(60_000);
    // AUD-02: what the agent asked for, and what it was given, are two facts.
    expect((await events()).find(({ type }) => type === 'lease.reserved')).toMatchObject({
      asked: { ttlSeconds: 600, parameters: { prefix: 'reports/', months: ['01', '02', '03'] } },
      ttlSeconds: 60,
      parameters: { prefix: 'reports/2026/', months: ['02'] },
    });
  });

  test('AUD-02: all that a person has answered is under its own name in the log', async () => {
    const { ask, ports, ledger } = await askingBroker();
    const [first, second] = [await ask(), await ask({ reason: 'b' })];
    await decideApproval(ports, ann, first.id, yes);
    await decideApproval(ports, ann, second.id, no);
    const { items } = await ledger.log.read({ pageSize: 50, subject: ann.id });
    expect(items.map(({ event }) => event)).toMatchObject([
      {
        ...{ type: 'approval.decided', approval: first.id, by: ann.id, decision: 'approve' },
        verified: {
          agent: { id: agent.id },
          entry: { riskTier: 0 },
          policies: ['risky'],
          pastUse: { times: 0 },
        },
      },
      { type: 'approval.decided', approval: second.id, by: ann.id, decision: 'deny' },
    ]);
    expect((await ledger.log.read({ pageSize: 50, subject: 'broker' })).items).toEqual([]);
  });

  test('a no does not wait for what is only told with it; a yes does', async () => {
    const { ask, ports } = await askingBroker();
    const approvals = { ...ports.ledger.approvals, pastUse: () => Promise.reject(new Error('too slow')) };
    const slow = { ...ports, ledger: { ...ports.ledger, approvals } };
    const { id } = await ask();
    await expect(decideApproval(slow, ann, id, yes)).rejects.toThrow('too slow');
    expect(await decideApproval(slow, ann, id, no)).toMatchObject({ state: 'denied' });
  });

  test('an operator sees what waits for an answer alone, first what runs out next', async () => {
    const { ask, ports, ledger } = await askingBroker();
    const deadlineAt = ledger.clock() + 60_000;
    const short = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
    const [first, second] = [await ask(), await ask({ task: short.id })];
    await decideApproval(ports, ann, (await ask({ reason: 'b' })).id, yes);
    const listed = async (query: object) =>
      (await listApprovals(ports, ann, { pageSize: 1, ...query })).items.map(({ id }) => id);
    const page = await listApprovals(ports, ann, { pageSize: 1, pending: true });
    expect(page.items.map(({ id }) => id)).toEqual([second.id]);
    expect(await listed({ pending: true, pageToken: page.nextPageToken! })).toEqual([first.id]);
    expect(await listed({ pending: true, agent: agent.id, pageSize: 9 })).toEqual([second.id, first.id]);
    expect(await listed({ pending: true, agent: 'other', pageSize: 9 })).toEqual([]);
  });

  test.each([
    ['a longer time', { ttlSeconds: 601 }],
    ['another folder', { parameters: { prefix: 'reports/2025/' } }],
    ['more of a set', { parameters: { months: ['01', '02'] } }],
  ])('an answer cannot give %s', async (_what, more) => {
    const { ask, ports } = await askingBroker();
    const { id } = await ask({ parameters: { prefix: 'reports/2026/', months: ['01'] } });
    await expect(decideApproval(ports, ann, id, { ...yes, ...more })).rejects.toMatchObject({
      code: 'approval.wider',
    });
    expect(await findApproval(ports, ann, id)).toMatchObject({ state: 'pending', answers: [] });
  });

  test('of two times the shorter counts, whoever gave it; neither is longer than was asked for', async () => {
    const { ask, ports, setPolicy } = await askingBroker();
    setPolicy(asking({ persons: 2 }), 'd1');
    for (const given of [
      [60, 300],
      [300, 60],
    ] as const) {
      const { id } = await ask({ reason: given.join() });
      const answers = [ann, bob].map((who, index) => [who, { ...yes, ttlSeconds: given[index]! }] as const);
      for (const [who, answer] of answers) await decideApproval(ports, who, id, answer);
      expect(await findApproval(ports, ann, id)).toMatchObject({
        state: 'approved',
        granted: { ttlSeconds: 60 },
      });
    }
    const { id } = await ask({ reason: 'longer' });
    await expect(decideApproval(ports, ann, id, { ...yes, ttlSeconds: 601 })).rejects.toMatchObject({
      code: 'approval.wider',
    });
  });

  test('APR-06: what its requester cancels is over', async () => {
    const { ask, ports, use } = await askingBroker();
    const { id } = await ask();
    await expect(cancelApproval(ports, ann, id)).rejects.toMatchObject({ code: 'role.missing' });
    await cancelApproval(ports, agent, id);
    await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.decided' });
    await expect(use(id)).rejects.toMatchObject({ code: 'approval.revoked' });
  });

  test('APR-06: an approval that was revoked before it was used issues nothing', async () => {
    const { ask, ports, use, provider } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    const revoked = await revokeApproval(ports, bob, id, 'changed my mind');
    expect(revoked.takenBack).toEqual({ by: bob.id, reason: 'changed my mind' });
    await expect(use(id)).rejects.toMatchObject({ code: 'approval.revoked' });
    expect(provider.calls).toEqual([]);
  });

  test('APR-06: revoked after it was used, the lease goes as well', async () => {
    const { ask, ports, use, provider } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    const { lease } = await use(id);
    await expect(revokeApproval(ports, viewer, id, 'no')).rejects.toMatchObject({ code: 'role.missing' });
    await revokeApproval(ports, admin, id, 'the ticket was a fake');
    expect(await ports.ledger.leases.find(lease.id)).toMatchObject({ cause: 'operator' });
    while (provider.live.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('a policy that permits without asking has no use for approvals', async () => {
    const { setPolicy, ports, task } = await askingBroker();
    setPolicy(() => permitting());
    const request = { task, credential: 'pretend-entry', parameters: {} };
    await expect(grant(ports, agent, request)).resolves.toBeDefined();
  });
});
