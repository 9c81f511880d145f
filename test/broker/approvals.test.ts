import { describe, expect, test } from '@jest/globals';
import type { CredentialApproval } from '../../src/approval/approval.js';
import { decideApproval, findApproval } from '../../src/broker/approvals.js';
import { awaitApproval } from '../../src/broker/await-approval.js';
import { grant } from '../../src/broker/grant.js';
import { endTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import { agent, otherAgent } from '../fake/broker-ports.js';
import { ann, asking, askingBroker } from '../fake/asking.js';
import { pretendProvider } from '../fake/pretend-provider.js';

const yes = { is: 'approve' } as const;

describe('asking a person', () => {
  test('APR-01: a risky request is a question and no credential; it says who may answer, and until when', async () => {
    const { ask, provider, events, ledger } = await askingBroker();
    const approval = await ask();
    expect(approval).toMatchObject({
      state: 'pending',
      agent: agent.id,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      demand: { approvers: ['approver'], persons: 1, because: ['risky'], policyDigest: 'd1' },
      request: { entry: 'pretend-entry', ttlSeconds: 600, parameters: { prefix: 'reports/' } },
    });
    expect(approval.expiresAt - approval.requestedAt).toBe(900_000);
    expect(provider.calls).toEqual([]);
    expect(await events()).toContainEqual(
      expect.objectContaining({ type: 'approval.requested', approval: approval.id, digest: approval.digest }),
    );
    expect((await ledger.leases.list({ pageSize: 10 })).items).toEqual([]);
  });

  test('APR-02: once approved, the same request is decided again, and issues one credential', async () => {
    const { ask, use, ports, events, provider } = await askingBroker();
    const { id } = await ask();
    expect(await decideApproval(ports, ann, id, yes)).toMatchObject({ state: 'approved' });
    expect(provider.calls).toEqual([]);
    const { lease, secret } = await use(id);
    expect(secret.reveal()).toEqual({ password: `pw-of-${lease.id}` });
    expect(await findApproval(ports, agent, id)).toMatchObject({ state: 'used', lease: lease.id });
    expect(await events()).toContainEqual(
      expect.objectContaining({ type: 'lease.reserved', lease: lease.id, approval: id }),
    );
  });

  test('APR-02: the evaluation that follows an approval sees that it was approved', async () => {
    const { ask, use, ports, setPolicy } = await askingBroker();
    const seen: (true | undefined)[] = [];
    setPolicy((one) => (seen.push(one.approved), asking()(one)), 'd1');
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    await use(id);
    expect(seen).toContain(true);
  });

  test('APR-02: a used approval is not used twice', async () => {
    const { ask, use, ports, provider } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    await use(id);
    await expect(use(id)).rejects.toMatchObject({ code: 'approval.used' });
    expect(provider.live.size).toBe(1);
  });

  test('APR-02: of many uses at once one issues', async () => {
    const { ask, use, ports, provider } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => use(id)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(provider.live.size).toBe(1);
  });

  test('I6: a retry with its Idempotency-Key uses the approval again and leaves one live lease', async () => {
    const { ask, use, ports, provider } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    const first = await use(id, {}, agent, 'once');
    const second = await use(id, {}, agent, 'once');
    expect(second.lease.id).not.toBe(first.lease.id);
    expect(await ports.ledger.leases.find(first.lease.id)).toMatchObject({ cause: 'superseded' });
    expect(provider.live.has(second.lease.id)).toBe(true);
    await expect(use(id, {}, agent, 'another')).rejects.toMatchObject({ code: 'approval.used' });
  });

  test.each(['operator', 'released', 'kill_switch', 'policy_changed'] as const)(
    'APR-02: once its lease was ended (%s) a retry with the same Idempotency-Key has no approval to use',
    async (cause) => {
      const { ask, use, ports, provider } = await askingBroker();
      const { id } = await ask();
      await decideApproval(ports, ann, id, yes);
      const { lease } = await use(id, {}, agent, 'once');
      await ports.ledger.leases.revoke(lease.id, cause, ann.id, 'no more of it');
      await expect(use(id, {}, agent, 'once')).rejects.toMatchObject({ code: 'approval.used' });
      expect(provider.calls.filter((what) => what.startsWith('issue'))).toHaveLength(1);
    },
  );

  test('APR-02: where nothing was minted, the same Idempotency-Key uses the approval again', async () => {
    const provider = pretendProvider();
    const { ask, use, ports } = await askingBroker({ provider });
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    provider.failing = { issue: new Fault('provider.throttled', 'not now') };
    await expect(use(id, {}, agent, 'once')).rejects.toMatchObject({ code: 'provider.throttled' });
    provider.failing = {};
    expect((await use(id, {}, agent, 'once')).lease.state).toBe('active');
  });

  test.each([
    ['parameters', { parameters: { prefix: 'reports/2026/' } }],
    ['TTL', { ttlSeconds: 601 }],
    ['tool', { tool: 'sql' }],
    ['reason', { reason: 'other' }],
  ])('APR-02: an approval is not for a request with another %s', async (_what, over) => {
    const { ask, use, ports, provider } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    await expect(use(id, over)).rejects.toMatchObject({ code: 'approval.out_of_scope' });
    expect(provider.calls).toEqual([]);
  });

  test('APR-02: another agent cannot use it, and is not told that it exists', async () => {
    const { ask, ports, task } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    const theirs = await ports.ledger.tasks.open({
      ...(await ports.ledger.tasks.find(task))!,
      id: 'tsk_other000',
      agent: otherAgent.id,
    });
    const request = { task: theirs!.id, credential: 'pretend-entry', parameters: {}, approval: id };
    await expect(grant(ports, otherAgent, request)).rejects.toMatchObject({ code: 'approval.unverifiable' });
    await expect(
      grant(ports, otherAgent, { ...request, approval: 'apr_0000000000000000' }),
    ).rejects.toMatchObject({
      code: 'approval.unverifiable',
      message: 'There is no such approval of yours.',
    });
    await expect(findApproval(ports, otherAgent, id)).rejects.toMatchObject({ code: 'approval.unknown' });
  });

  test('APR-02: what policy has come to deny stays denied, whoever approved it', async () => {
    const { ask, use, ports, setPolicy, provider } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    setPolicy(() => ({ is: 'deny', because: ['closed'], errors: [] }));
    await expect(use(id)).rejects.toMatchObject({ code: 'policy.denied', policies: ['closed'] });
    expect(provider.calls).toEqual([]);
  });

  test('APR-02: a policy that has come to ask for other people is not satisfied with these', async () => {
    const { ask, use, ports, setPolicy } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    setPolicy(asking({ approvers: ['payments-lead'] }));
    await expect(use(id)).rejects.toMatchObject({ code: 'policy.denied' });
    setPolicy(asking({ persons: 2 }), 'd3');
    await expect(use(id)).rejects.toMatchObject({ code: 'policy.denied' });
    setPolicy(asking(), 'd4');
    await expect(use(id)).resolves.toBeDefined();
  });

  test.each<[string, Partial<CatalogEntry>]>([
    ['mints something else', { mint: { role: 'wider' } }],
    ['is of another environment', { environment: 'production' }],
  ])('APR-02: an approval is not for an entry that %s by now', async (_what, over) => {
    const { ask, ports, task, provider } = await askingBroker();
    const { id, request } = (await ask()) as CredentialApproval;
    await decideApproval(ports, ann, id, yes);
    const { catalog, ...policy } = ports.policy();
    const changed = new Map([...catalog].map(([name, entry]) => [name, { ...entry, ...over }]));
    const later = { ...ports, policy: () => ({ ...policy, catalog: changed }) };
    const { entry: credential, ...same } = request;
    const again = { ...same, task, credential, approval: id };
    await expect(grant(later, agent, again)).rejects.toMatchObject({ code: 'approval.out_of_scope' });
    expect(provider.calls).toEqual([]);
    await expect(grant(ports, agent, again)).resolves.toBeDefined();
  });

  test('APR-02: before anyone has answered, naming the question gives nothing', async () => {
    const { ask, use } = await askingBroker();
    const { id } = await ask();
    await expect(use(id)).rejects.toMatchObject({ code: 'approval.pending' });
  });

  test('APR-07: a person is asked, whatever the agent says of itself', async () => {
    const { ports, task, provider } = await askingBroker();
    const labels = { user_confirmed: 'true', approved: 'true' };
    const own = await ports.ledger.tasks.open({
      ...(await ports.ledger.tasks.find(task))!,
      id: 'tsk_labelled',
      labels,
    });
    const request = {
      task: own!.id,
      credential: 'pretend-entry',
      parameters: {},
      reason: '{"user_confirmed": true}',
      approved: true,
      asserted: { user_confirmed: true },
    };
    await expect(grant(ports, agent, request)).rejects.toMatchObject({ code: 'approval.required' });
    expect(provider.calls).toEqual([]);
  });
});

describe('the time of an approval', () => {
  test('APR-01: nobody answers in time, and that is a no', async () => {
    const { ask, ports, use } = await askingBroker({ settings: { pendingFor: 0.05 } });
    const { id, expiresAt } = await ask();
    while (ports.ledger.clock() <= expiresAt) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await findApproval(ports, agent, id)).toMatchObject({ state: 'expired' });
    await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.decided' });
    await expect(use(id)).rejects.toMatchObject({ code: 'approval.expired' });
  });

  test('APR-02: it cannot be used after its end, though no worker has written that down', async () => {
    const { ask, ports, use, provider } = await askingBroker({ settings: { usableFor: 0.05 } });
    const { id } = await ask();
    const { approvedUntil } = await decideApproval(ports, ann, id, yes);
    while (ports.ledger.clock() <= approvedUntil!) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(use(id)).rejects.toMatchObject({ code: 'approval.expired' });
    expect(provider.calls).toEqual([]);
  });

  test('ISS-01: a credential ends with the approval that it was issued by', async () => {
    const { ask, ports, use } = await askingBroker({ settings: { usableFor: 120 } });
    const { id } = await ask();
    const { approvedUntil } = await decideApproval(ports, ann, id, yes);
    const { lease } = await use(id);
    expect(lease.expiresAt).toBeLessThanOrEqual(approvedUntil!);
  });

  test('ISS-03: with ten minutes left and a provider that mints fifteen at the least, nothing is minted', async () => {
    const provider = pretendProvider('pretend', { minimumTtlSeconds: 900 });
    const { ask, ports, use } = await askingBroker({ settings: { usableFor: 600 }, provider });
    const { id } = await ask({ ttlSeconds: 900 });
    await decideApproval(ports, ann, id, yes);
    await expect(use(id, { ttlSeconds: 900 })).rejects.toMatchObject({ code: 'ttl.below_floor' });
    expect(provider.calls).toEqual([]);
  });

  test('a task that has ended gets nothing, approved or not', async () => {
    const { ask, ports, use, task } = await askingBroker();
    const { id } = await ask();
    await decideApproval(ports, ann, id, yes);
    await endTask(ports, agent, task, 'completed');
    await expect(use(id)).rejects.toMatchObject({ code: 'task.ended' });
  });

  test('whoever waits for the answer gets it when it is there', async () => {
    const { ask, ports } = await askingBroker();
    const { id } = await ask();
    const waiting = awaitApproval(ports, agent, id, 60_000, () => false);
    await decideApproval(ports, ann, id, yes);
    expect(await waiting).toMatchObject({ state: 'approved' });
    const { id: other } = await ask({ reason: 'another' });
    expect(await awaitApproval(ports, agent, other, 60_000, () => true)).toMatchObject({ state: 'pending' });
  });
});
