import { expect, test } from '@jest/globals';
import { decideApproval, findApproval } from '../../src/broker/approvals.js';
import type { CredentialRequest } from '../../src/broker/broker.js';
import { evaluate } from '../../src/broker/evaluate.js';
import { openTask } from '../../src/broker/tasks.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import { agent } from '../fake/broker-ports.js';
import { ann, askingBroker } from '../fake/asking.js';

/*
 * The AuthZEN access request and approval profile, as far as it is met here: docs/approvals.md says where its denial and
 * its access request are one call of ours.
 */
const yes = { is: 'approve' } as const;

test('APR-01: a risky request is denied with a handle, and no credential exists', async () => {
  const { ask, ledger, provider } = await askingBroker();
  const { id, state, expiresAt, requestedAt } = await ask();
  expect({ id, state }).toEqual({ id: expect.stringMatching(/^apr_/), state: 'pending' });
  expect(expiresAt).toBeGreaterThan(requestedAt);
  expect((await ledger.leases.list({ pageSize: 10 })).items).toEqual([]);
  expect(provider.calls).toEqual([]);
});

test('APR-01: the evaluation of a risky request is a denial; it opens no question, and offers no other way to', async () => {
  const { ports, task, ledger } = await askingBroker();
  const answer = await evaluate(ports, agent, {
    subject: { type: 'agent', id: agent.id },
    action: { name: 'issue' },
    resource: { type: 'credential', id: 'pretend-entry' },
    context: { task },
  });
  expect(answer).toEqual({
    ...{ decision: false, reason: 'approval.required', because: ['risky'] },
    id: expect.any(String),
  });
  expect(await ledger.approvals.pending()).toBe(0);
});

const changes: [string, Partial<CredentialRequest>][] = [
  ['a folder within the one that was asked for', { parameters: { prefix: 'reports/2026/' } }],
  ['a smaller set', { parameters: { prefix: 'reports/', months: ['01'] } }],
  ['a longer life', { ttlSeconds: 601 }],
  ['a shorter life', { ttlSeconds: 599 }],
  ['a tool', { tool: 'sql' }],
  ['another reason', { reason: 'yearly totals' }],
  ['no reason', { reason: undefined as never }],
];

test.each(changes)(
  'APR-01: an approval is not for a request with %s (invalid_denial_binding)',
  async (_what, over) => {
    const { ask, use, ports, provider } = await askingBroker();
    const { id } = await ask();
    await expect(use(id, over)).rejects.toMatchObject({ code: 'approval.out_of_scope' });
    await decideApproval(ports, ann, id, yes);
    await expect(use(id, over)).rejects.toMatchObject({ code: 'approval.out_of_scope' });
    expect(provider.calls).toEqual([]);
    // What was approved is as good as before.
    expect(await findApproval(ports, agent, id)).toMatchObject({ state: 'approved' });
    await use(id);
    expect(provider.live.size).toBe(1);
  },
);

test('APR-01: nor for another entry of the same shape, nor for another task', async () => {
  const { ask, use, ports, provider, task } = await askingBroker();
  const { id } = await ask();
  await decideApproval(ports, ann, id, yes);
  const catalog = ports.policy().catalog as Map<string, CatalogEntry>;
  catalog.set('other-entry', { ...catalog.get('pretend-entry')!, name: 'other-entry' });
  const deadlineAt = ports.ledger.clock() + 3_600_000;
  const elsewhere = await openTask(ports, agent, { intent: 'another', deadlineAt, labels: {} });
  expect(elsewhere.id).not.toBe(task);
  for (const over of [{ credential: 'other-entry' }, { task: elsewhere.id }])
    await expect(use(id, over)).rejects.toMatchObject({ code: 'approval.out_of_scope' });
  expect(provider.calls).toEqual([]);
});
