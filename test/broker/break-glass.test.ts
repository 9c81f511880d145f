import { describe, expect, test } from '@jest/globals';
import { findAgent, listAgents } from '../../src/broker/agents.js';
import { decideApproval } from '../../src/broker/approvals.js';
import { breakGlass } from '../../src/broker/break-glass.js';
import type { BreakGlassRequest, EmergencyGrant } from '../../src/broker/broker.js';
import { renew } from '../../src/broker/renew.js';
import { listBreakGlass, reviewBreakGlass } from '../../src/broker/review-break-glass.js';
import { findRevocation } from '../../src/broker/revoke-many.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Principal } from '../../src/identity/principal.js';
import { isOpen } from '../../src/approval/break-glass.js';
import { admin, agent, permitting } from '../fake/broker-ports.js';
import { ann, asking, askingBroker, bob } from '../fake/asking.js';
import type { Asking, Setting } from '../fake/asking.js';

const olga: Principal = { ...ann, id: 'operator:olga', claims: {}, roles: ['viewer', 'breakglass', 'admin'] };
const request: BreakGlassRequest = {
  credential: 'pretend-entry',
  parameters: {},
  ttlSeconds: 300,
  reason: 'payments are stuck and nobody answers',
  ticket: 'INC-4711',
};

async function emergency(setting?: Setting) {
  const asked = await askingBroker(setting);
  asked.setPolicy((ask) =>
    ask.action === 'breakGlass' ? permitting() : { is: 'deny', because: ['no'], errors: [] },
  );
  return asked;
}

async function taken({ ports }: Asking, over: Partial<BreakGlassRequest> = {}): Promise<EmergencyGrant> {
  const answer = await breakGlass(ports, olga, { ...request, ...over });
  if ('lease' in answer) return answer;
  throw new Error('a person was asked');
}

describe('taking', () => {
  test('OPS-01: who took a credential in an emergency is no agent of the inventory', async () => {
    const asked = await emergency();
    const { lease } = await taken(asked);
    expect(lease.agent).toBe(olga.id);
    expect((await listAgents(asked.ports, olga, { pageSize: 50 })).items.map(({ id }) => id)).not.toContain(
      olga.id,
    );
    await expect(findAgent(asked.ports, olga, olga.id)).rejects.toMatchObject({ code: 'agent.unknown' });
  });

  test('BRG-01: an operator with the role takes a short credential, with a task and a lease of its own', async () => {
    const asked = await emergency();
    const { lease, secret, breakGlass: one } = await taken(asked);
    expect(secret.reveal()).toEqual({ password: `pw-of-${lease.id}` });
    expect(lease).toMatchObject({ agent: olga.id, state: 'active', taskId: one.task });
    expect(one).toMatchObject({ by: olga.id, ticket: 'INC-4711', reason: request.reason, ttlSeconds: 300 });
    expect(await asked.ledger.tasks.find(one.task)).toMatchObject({
      openedBy: olga.id,
      labels: { ticket: 'INC-4711' },
    });
  });

  test.each<[string, Principal]>([
    ['an agent', agent],
    ['an admin without the role', admin],
    ['an approver', ann],
  ])('BRG-01: %s cannot', async (_who, principal) => {
    const { ports, provider, events } = await emergency();
    await expect(breakGlass(ports, principal, request)).rejects.toMatchObject({ code: 'role.missing' });
    expect(provider.calls).toEqual([]);
    expect(await events()).toContainEqual(
      expect.objectContaining({ type: 'breakglass.refused', agent: principal.id, fault: 'role.missing' }),
    );
  });

  test('BRG-01: it has a maximum of its own, which no entry lifts', async () => {
    const asked = await emergency();
    await expect(taken(asked, { ttlSeconds: 901 })).rejects.toMatchObject({ code: 'ttl.invalid' });
    const { ttlSeconds: _none, ...without } = request;
    const answer = (await breakGlass(asked.ports, olga, without)) as EmergencyGrant;
    expect(answer.lease.expiresAt - answer.lease.reservedAt).toBeLessThanOrEqual(900_000);
  });

  test('BRG-01: it cannot be renewed, by anyone', async () => {
    const asked = await emergency();
    const { lease } = await taken(asked);
    await expect(renew(asked.ports, olga, { lease: lease.id })).rejects.toMatchObject({
      code: 'role.missing',
    });
    await expect(renew(asked.ports, agent, { lease: lease.id })).rejects.toMatchObject({
      code: 'lease.unknown',
    });
  });

  test('BRG-01: without a worker it is over at its end all the same, and told as over once one runs', async () => {
    const asked = await emergency();
    const { breakGlass: one } = await taken(asked, { ttlSeconds: 1 });
    while (asked.ledger.clock() <= one.endsAt) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isOpen(one, asked.ledger.clock())).toBe(false);
    let told = 0;
    while (told === 0) told = await asked.ledger.breakGlass.expire(10);
    expect(await asked.ledger.breakGlass.expire(10)).toBe(0);
    expect((await asked.events()).map(({ type }) => type)).toContain('breakglass.expired');
  });

  test('BRG-02: it is in the audit log before anything is asked of the provider', async () => {
    const asked = await emergency();
    let atIssue: string[] = [];
    const issue = asked.provider.issue.bind(asked.provider);
    asked.provider.issue = async (...args) => {
      atIssue = (await asked.events()).map(({ type }) => type);
      return issue(...args);
    };
    await taken(asked);
    expect(atIssue).toContain('breakglass.opened');
  });

  test('BRG-02: when it cannot be written down, nothing is minted', async () => {
    const asked = await emergency();
    const away = { open: () => Promise.reject(new Fault('state.unavailable', 'The store is away.')) };
    const ledger = { ...asked.ledger, breakGlass: { ...asked.ledger.breakGlass, ...away } };
    const ports = { ...asked.ports, ledger };
    await expect(breakGlass(ports, olga, request)).rejects.toMatchObject({ code: 'state.unavailable' });
    expect(asked.provider.calls).toEqual([]);
  });

  test('BRG-04: what policy denies stays denied, and the attempt is told', async () => {
    const asked = await emergency();
    asked.setPolicy(() => ({ is: 'deny', because: ['never-root'], errors: [] }));
    await expect(taken(asked)).rejects.toMatchObject({ code: 'policy.denied', policies: ['never-root'] });
    expect(asked.provider.calls).toEqual([]);
    expect(await asked.events()).toContainEqual(
      expect.objectContaining({ type: 'breakglass.refused', ticket: 'INC-4711' }),
    );
  });

  test('BRG-01: where policy wants a second person, another one has to approve it first', async () => {
    const asked = await emergency();
    asked.setPolicy(asking());
    const answer = await breakGlass(asked.ports, olga, request);
    if (!('approval' in answer)) throw new Error('nobody was asked');
    const { id } = answer.approval;
    const self: Principal = { ...olga, roles: ['breakglass', 'approver'] };
    await expect(decideApproval(asked.ports, self, id, { is: 'approve' })).rejects.toMatchObject({
      code: 'approval.own',
    });
    await decideApproval(asked.ports, bob, id, { is: 'approve', ttlSeconds: 60 });
    const { lease, breakGlass: one } = await taken(asked, { approval: id });
    expect(one).toMatchObject({ approval: id });
    expect(lease.expiresAt - lease.reservedAt).toBeLessThanOrEqual(60_000);
    await expect(taken(asked, { approval: id })).rejects.toMatchObject({ code: 'approval.used' });
  });
});

describe('the review', () => {
  const review = { outcome: 'justified', note: 'the pager log agrees' } as const;

  test('BRG-03: nobody reviews their own, another person does, and once', async () => {
    const asked = await emergency();
    const { breakGlass: one } = await taken(asked);
    await expect(reviewBreakGlass(asked.ports, olga, one.id, review)).rejects.toMatchObject({
      code: 'breakglass.own_review',
    });
    expect(await reviewBreakGlass(asked.ports, ann, one.id, review)).toMatchObject({
      review: { by: ann.id, outcome: 'justified' },
    });
    await expect(reviewBreakGlass(asked.ports, bob, one.id, review)).rejects.toMatchObject({
      code: 'breakglass.reviewed',
    });
    expect((await listBreakGlass(asked.ports, bob, { pageSize: 5 })).items).toEqual([
      expect.objectContaining({ id: one.id, review: expect.objectContaining({ by: ann.id }) }),
    ]);
    await expect(listBreakGlass(asked.ports, agent, { pageSize: 5 })).rejects.toMatchObject({
      code: 'role.missing',
    });
  });

  test('BRG-03: nor does another identity of the same address', async () => {
    const asked = await emergency();
    const answer = await breakGlass(asked.ports, { ...olga, claims: { email: 'olga@example.com' } }, request);
    if (!('breakGlass' in answer)) throw new Error('a person was asked');
    const elsewhere = { ...bob, claims: { email: 'Olga@example.com' } };
    await expect(
      reviewBreakGlass(asked.ports, elsewhere, answer.breakGlass.id, review),
    ).rejects.toMatchObject({ code: 'breakglass.own_review' });
  });

  test('another record is no emergency: nothing is read as one, and nothing written to it', async () => {
    const { ports, task } = await emergency();
    const before = await ports.ledger.tasks.find(task);
    for (const id of [task, 'events', 'lse_00000000000000', 'bgl_0000000000000000'])
      await expect(reviewBreakGlass(ports, ann, id, review)).rejects.toMatchObject({
        code: 'breakglass.unknown',
      });
    expect(await ports.ledger.tasks.find(task)).toEqual(before);
    for (const id of [task, 'events'])
      await expect(findRevocation(ports, ann, id)).rejects.toMatchObject({ code: 'revocation.unknown' });
  });
});
