import { expect, test } from '@jest/globals';
import { decideApproval, findApproval } from '../../src/broker/approvals.js';
import type { Principal } from '../../src/identity/principal.js';
import { admin, agent, orchestrator, otherAgent, viewer } from '../fake/broker-ports.js';
import { ann, asking, askingBroker, bob, carol } from '../fake/asking.js';

const yes = { is: 'approve' } as const;
const twice = 2;

test.each<[string, Principal, string]>([
  ['the agent that asked', agent, 'role.missing'],
  ['another workload', otherAgent, 'role.missing'],
  ['an orchestrator', orchestrator, 'role.missing'],
  ['an operator without the role', viewer, 'role.missing'],
  ['an admin without the role', admin, 'role.missing'],
])('APR-03: %s cannot answer', async (_who, principal, code) => {
  const { ask, ports } = await askingBroker();
  const { id } = await ask();
  await expect(decideApproval(ports, principal, id, yes)).rejects.toMatchObject({ code });
  expect(await findApproval(ports, ann, id)).toMatchObject({ state: 'pending', answers: [] });
});

test('APR-03: a role that only policy and the settings know can answer', async () => {
  const { ask, ports, setPolicy } = await askingBroker({
    settings: { roles: { 'payments-lead': [bob.id] } },
  });
  setPolicy(asking({ approvers: ['payments-lead'] }), 'd1');
  const { id } = await ask();
  await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'role.missing' });
  const approved = await decideApproval(ports, bob, id, yes);
  expect(approved).toMatchObject({ state: 'approved', answers: [{ by: bob.id, roles: ['payments-lead'] }] });
});

test('APR-03: whom the task serves cannot answer for it, unless the settings let them', async () => {
  const onBehalfOf = 'Carol@Example.com';
  const strict = await askingBroker({ task: { onBehalfOf } });
  const { id } = await strict.ask();
  await expect(decideApproval(strict.ports, carol, id, yes)).rejects.toMatchObject({ code: 'approval.own' });
  await expect(decideApproval(strict.ports, ann, id, yes)).resolves.toMatchObject({ state: 'approved' });

  const lenient = await askingBroker({ task: { onBehalfOf }, settings: { ownersMayApprove: true } });
  const other = await lenient.ask();
  await expect(decideApproval(lenient.ports, carol, other.id, yes)).resolves.toMatchObject({
    state: 'approved',
  });
});

test.each(['carol@example.com ', 'carol\u200b@example.com', 'ｃarol@example.com', ' CAROL@example.com'])(
  'APR-03: whom the task serves cannot answer for it, however it is typed (%j)',
  async (onBehalfOf) => {
    const { ask, ports } = await askingBroker({ task: { onBehalfOf } });
    const { id } = await ask();
    await expect(decideApproval(ports, carol, id, yes)).rejects.toMatchObject({ code: 'approval.own' });
    await expect(decideApproval(ports, ann, id, yes)).resolves.toMatchObject({ state: 'approved' });
  },
);

test('APR-03: the owner of the agent cannot answer for it', async () => {
  const agents = new Map([[agent.id, { owner: ann.id, purpose: 'reports' }]]);
  const { ask, ports } = await askingBroker({ ports: { inventory: { agents, ownersNeeded: false } } });
  const { id } = await ask();
  await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.own' });
  await expect(decideApproval(ports, bob, id, yes)).resolves.toMatchObject({ state: 'approved' });
});

test('APR-03: the settings can demand a second factor of whoever answers', async () => {
  const { ask, ports } = await askingBroker({ settings: { amr: ['mfa', 'hwk'], acr: ['phr'] } });
  const { id } = await ask();
  await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.weak_sign_in' });
  const weak = { ...ann, signIn: { acr: '0', amr: ['pwd'] } };
  await expect(decideApproval(ports, weak, id, yes)).rejects.toMatchObject({ code: 'approval.weak_sign_in' });
  const strong = { ...ann, signIn: { amr: ['pwd', 'mfa'] } };
  expect(await decideApproval(ports, strong, id, yes)).toMatchObject({ state: 'approved' });
  const { id: other } = await ask({ reason: 'another' });
  expect(await decideApproval(ports, { ...bob, signIn: { acr: 'phr' } }, other, yes)).toMatchObject({
    state: 'approved',
  });
});

test('APR-03: the top tier needs two different persons', async () => {
  const { ask, use, ports, provider } = await askingBroker({ entry: { riskTier: 3 } });
  const { id, demand } = await ask();
  expect(demand.persons).toBe(twice);
  expect(await decideApproval(ports, ann, id, yes)).toMatchObject({ state: 'pending' });
  await expect(use(id)).rejects.toMatchObject({ code: 'approval.pending' });
  await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.own' });
  expect(await decideApproval(ports, bob, id, yes)).toMatchObject({ state: 'approved' });
  await use(id);
  expect(provider.live.size).toBe(1);
});

test('APR-03: one person with two identities and one address is one person', async () => {
  const elsewhere: Principal = { ...ann, id: 'sso2:ann', claims: { email: 'Ann@example.com' } };
  const { ask, ports } = await askingBroker({ entry: { riskTier: 3 } });
  const { id } = await ask();
  expect(await decideApproval(ports, ann, id, yes)).toMatchObject({ state: 'pending' });
  await expect(decideApproval(ports, elsewhere, id, yes)).rejects.toMatchObject({ code: 'approval.own' });
  expect(await decideApproval(ports, bob, id, yes)).toMatchObject({ state: 'approved' });

  const mine = { ...agent, claims: { email: 'ann@example.com' } };
  const { id: other } = await ask({ reason: 'as an agent of hers' }, mine);
  await expect(decideApproval(ports, ann, other, yes)).rejects.toMatchObject({ code: 'approval.own' });
});

test('APR-03: policy can demand two persons for what is of a lower tier', async () => {
  const { ask, ports, setPolicy } = await askingBroker();
  setPolicy(asking({ persons: 2 }), 'd1');
  const { id } = await ask();
  await decideApproval(ports, ann, id, yes);
  expect(await findApproval(ports, agent, id)).toMatchObject({ state: 'pending' });
});

test('two who answer in the same moment both count, and the least of both is given', async () => {
  const { ask, ports } = await askingBroker({ entry: { riskTier: 3 } });
  const { id } = await ask();
  await Promise.all([
    decideApproval(ports, ann, id, { ...yes, ttlSeconds: 300 }),
    decideApproval(ports, bob, id, { ...yes, parameters: { prefix: 'reports/2026/' } }),
  ]);
  expect(await findApproval(ports, ann, id)).toMatchObject({
    state: 'approved',
    answers: expect.arrayContaining([
      expect.objectContaining({ by: ann.id }),
      expect.objectContaining({ by: bob.id }),
    ]),
    granted: { ttlSeconds: 300, parameters: { prefix: 'reports/2026/' } },
  });
});

test('a denial wins over an approval before it', async () => {
  const { ask, use, ports } = await askingBroker({ entry: { riskTier: 3 } });
  const { id } = await ask();
  await decideApproval(ports, ann, id, yes);
  await decideApproval(ports, bob, id, { is: 'deny', reason: 'no' });
  await expect(use(id)).rejects.toMatchObject({ code: 'approval.denied' });
});

test('one person who answers twice at once is one person', async () => {
  const { ask, ports } = await askingBroker({ entry: { riskTier: 3 } });
  const { id } = await ask();
  await Promise.allSettled(Array.from({ length: 5 }, () => decideApproval(ports, ann, id, yes)));
  expect(await findApproval(ports, ann, id)).toMatchObject({ state: 'pending', answers: [{ by: ann.id }] });
});

test('whoever answers what they saw is not answering another request', async () => {
  const { ask, ports } = await askingBroker();
  const { id, digest } = await ask();
  const other = digest.replace(/^./, digest.startsWith('0') ? '1' : '0');
  await expect(decideApproval(ports, ann, id, { ...yes, digest: other })).rejects.toMatchObject({
    code: 'approval.out_of_scope',
  });
  expect(await decideApproval(ports, ann, id, { ...yes, digest })).toMatchObject({ state: 'approved' });
});

test('APR-02: of several policies that ask, an answer to the easier is none to the other', async () => {
  const { ask, use, ports, setPolicy } = await askingBroker({ settings: { roles: { security: [bob.id] } } });
  const each = [
    { approvers: ['security'], persons: 1 },
    { approvers: ['approver'], persons: 1 },
  ];
  setPolicy(asking({ approvers: ['security', 'approver'], each }), 'd1');
  const { id } = await ask();
  expect(await decideApproval(ports, ann, id, yes)).toMatchObject({ state: 'pending' });
  await expect(use(id)).rejects.toMatchObject({ code: 'approval.pending' });
  expect(await decideApproval(ports, bob, id, yes)).toMatchObject({ state: 'approved' });
  await use(id);

  const { id: other } = await ask({ reason: 'again' });
  expect(await decideApproval(ports, bob, other, yes)).toMatchObject({ state: 'approved' });
});
