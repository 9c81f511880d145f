import { expect, test } from '@jest/globals';
import { decideApproval, findApproval } from '../../src/broker/approvals.js';
import { blastRadius } from '../../src/broker/blast-radius.js';
import { liftBlock } from '../../src/broker/blocks.js';
import { carryOut } from '../../src/broker/carry-out.js';
import type { Ports } from '../../src/broker/ports.js';
import { revokeMany } from '../../src/broker/revoke-many.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Scope } from '../../src/revocation/withdrawal.js';
import { ann, asking, askingBroker } from '../fake/asking.js';
import type { Asking } from '../fake/asking.js';
import { admin, agent, entry, otherAgent, permitting } from '../fake/broker-ports.js';
import { delegate } from '../fake/delegated.js';
import { pretendProvider } from '../fake/pretend-provider.js';

const yes = { is: 'approve' } as const;
const owners: readonly (readonly [string, { readonly owner: string }])[] = [
  [agent.id, { owner: 'team-a' }],
  [otherAgent.id, { owner: 'team-b' }],
];
const inventory = { agents: new Map(owners), ownersNeeded: false };

/** Stops what is in the scope, and lets a worker do its part. */
async function stop({ ports, ledger }: Asking, scope: Scope, block = true) {
  const { block: made } = await revokeMany(ports, admin, { scope, reason: 'it runs amok', block });
  for (const one of await ledger.withdrawals.open()) await carryOut(ports, one, () => Promise.resolve(true));
  return made;
}

/** A question of another agent, and of a task of its own. */
async function questionOfAnother({ ports, ledger, ask }: Asking) {
  const deadlineAt = ledger.clock() + 3_600_000;
  const task = await openTask(ports, otherAgent, { intent: 't', deadlineAt, labels: {} });
  return ask({ task: task.id }, otherAgent);
}

test('REV-06: what an agent asked, and what was approved for it, goes with the kill switch; what was used stays used', async () => {
  const world = await askingBroker();
  const { ask, use, ports, ledger, events, task } = world;
  const [waiting, approved, used] = [await ask(), await ask({ reason: 'b' }), await ask({ reason: 'c' })];
  for (const { id } of [approved, used]) await decideApproval(ports, ann, id, yes);
  await use(used.id, { reason: 'c' });
  const other = await questionOfAnother(world);

  expect((await blastRadius(ports, admin, { of: 'agent', name: agent.id })).approvals).toBe(2);
  const block = await stop(world, { of: 'agent', name: agent.id });
  for (const { id } of [waiting, approved]) {
    expect(await findApproval(ports, agent, id)).toMatchObject({
      state: 'revoked',
      takenBack: { by: admin.id, reason: 'it runs amok' },
    });
    await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.decided' });
    expect(await events()).toContainEqual({
      ...{ type: 'approval.revoked', approval: id, task, agent: agent.id },
      ...{ by: admin.id, reason: 'it runs amok', withdrawal: expect.stringMatching(/^rev_/) },
    });
  }
  expect((await findApproval(ports, agent, used.id)).state).toBe('used');
  expect((await findApproval(ports, otherAgent, other.id)).state).toBe('pending');
  expect(await ledger.approvals.pending()).toBe(1);

  // Lifting brings nothing back: who wants it asks a person again.
  await liftBlock(ports, admin, block!.id, 'all clear');
  await expect(use(approved.id, { reason: 'b' })).rejects.toMatchObject({ code: 'approval.revoked' });
  expect((await ask()).id).not.toBe(waiting.id);
});

test.each<[Scope, 'revoked' | 'pending']>([
  [{ of: 'all', name: '' }, 'revoked'],
  [{ of: 'owner', name: 'team-a' }, 'revoked'],
  [{ of: 'issuer', name: 'example.org' }, 'revoked'],
  [{ of: 'provider', name: 'pretend' }, 'revoked'],
  [{ of: 'entry', name: 'pretend-entry' }, 'revoked'],
  [{ of: 'owner', name: 'team-b' }, 'pending'],
  [{ of: 'issuer', name: 'example.net' }, 'pending'],
  [{ of: 'provider', name: 'other' }, 'pending'],
  [{ of: 'entry', name: 'other-entry' }, 'pending'],
])('REV-06: a kill switch over %j leaves a question %s', async (scope, state) => {
  const world = await askingBroker({ ports: { inventory } });
  const { id } = await world.ask();
  const ports = withOthers(world);
  expect((await blastRadius(ports, admin, scope)).approvals).toBe(state === 'revoked' ? 1 : 0);
  await stop({ ...world, ports }, scope);
  expect((await findApproval(ports, agent, id)).state).toBe(state);
});

/** With a provider and an entry that nothing was asked of. */
const withOthers = ({ ports }: Asking): Ports => ({
  ...ports,
  providers: new Map([...ports.providers, ['other', pretendProvider('other')]]),
  policy: () => ({
    ...ports.policy(),
    catalog: new Map([...ports.policy().catalog, ['other-entry', entry('other')]]),
  }),
});

test('DEL-06: what an agent asked for a task that was delegated to it goes with the one that delegated it', async () => {
  const world = await askingBroker();
  const { ask, ports, task } = world;
  world.setPolicy(
    (question) => (question.principal.id === agent.id ? permitting() : asking()(question)),
    'd1',
  );
  const below = await delegate(ports, agent, {
    ...{ parent: task, agent: otherAgent.id, intent: 'a part', deadlineAt: world.ledger.clock() + 600_000 },
    scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
  });
  const { id } = await ask({ task: below.id }, otherAgent);
  await stop(world, { of: 'agent', name: agent.id });
  expect((await findApproval(ports, otherAgent, id)).state).toBe('revoked');
});

test('REV-06: where leases are taken back and nothing is blocked, what was asked before goes as well, and new questions stand', async () => {
  const world = await askingBroker();
  const { ask, ports } = world;
  const before = await ask();
  await stop(world, { of: 'entry', name: 'pretend-entry' }, false);
  expect((await findApproval(ports, agent, before.id)).state).toBe('revoked');
  expect((await ask()).state).toBe('pending');
});

test('I3: a process that dies while it takes questions back leaves the rest to the next', async () => {
  const world = await askingBroker();
  const { ask, ports, ledger } = world;
  const asked = [await ask(), await ask({ reason: 'b' }), await ask({ reason: 'c' })];
  const scope = { of: 'agent', name: agent.id } as const;
  await revokeMany(ports, admin, { scope, reason: 'drill', block: true });
  const [one] = await ledger.withdrawals.open();
  let turns = 0;
  await carryOut(ports, one!, () => Promise.resolve(++turns < 2));
  expect(await ledger.approvals.usable()).toHaveLength(asked.length - 1);
  await carryOut(ports, one!, () => Promise.resolve(true));
  for (const { id } of asked) expect((await findApproval(ports, agent, id)).state).toBe('revoked');
  expect(await ledger.withdrawals.open()).toEqual([]);
});

test('REV-06: an approval that cannot be read keeps no lease from being taken back, and no other question', async () => {
  const world = await askingBroker();
  const { ask, use, ports, ledger, redis, prefix } = world;
  const [broken, used, other] = [await ask(), await ask({ reason: 'b' }), await ask({ reason: 'c' })];
  await decideApproval(ports, ann, used.id, yes);
  const { lease } = await use(used.id, { reason: 'b' });
  await redis.hset(`${prefix}:${broken.id}`, 'b', '{broken');
  expect((await blastRadius(ports, admin, { of: 'all', name: '' })).total).toBe(1);
  await stop(world, { of: 'all', name: '' });
  expect((await ledger.leases.find(lease.id))?.state).not.toBe('active');
  expect((await findApproval(ports, agent, other.id)).state).toBe('revoked');
  expect(await ledger.withdrawals.open()).toEqual([]);
});

test.each<[string, Scope]>([
  ['of the agent', { of: 'agent', name: agent.id }],
  ['of its owner, whom it has shown to nobody yet', { of: 'owner', name: 'team-a' }],
  ['of its issuer', { of: 'issuer', name: 'example.org' }],
  ['of the entry', { of: 'entry', name: 'pretend-entry' }],
  ['of the provider', { of: 'provider', name: 'pretend' }],
  ['of all', { of: 'all', name: '' }],
])(
  'REV-06: while a block %s stands nobody is asked, so nothing is there when it is lifted',
  async (_what, scope) => {
    const world = await askingBroker({ ports: { inventory } });
    const { ask, ports, ledger } = world;
    await stop(world, scope);
    await expect(ask()).rejects.toMatchObject({ code: 'issuing.blocked' });
    expect(await ledger.approvals.usable()).toEqual([]);
    const [block] = await ledger.withdrawals.blocks();
    await liftBlock(ports, admin, block!.id, 'all clear');
    expect((await ask()).state).toBe('pending');
  },
);
