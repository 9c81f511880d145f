import { describe, expect, test } from '@jest/globals';
import { announceContext } from '../../src/broker/announce-context.js';
import { decideApproval, revokeApproval } from '../../src/broker/approvals.js';
import { breakGlass } from '../../src/broker/break-glass.js';
import { carryOut } from '../../src/broker/carry-out.js';
import { grant } from '../../src/broker/grant.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Lease } from '../../src/lease/lease.js';
import type { Ask, Decision } from '../../src/policy/decision.js';
import { agent, permitting } from '../fake/broker-ports.js';
import { ann, asking, askingBroker, bob } from '../fake/asking.js';
import type { Asking } from '../fake/asking.js';

const yes = { is: 'approve' } as const;
const deny = (...because: string[]): Decision => ({ is: 'deny', because, errors: [] });

async function setUp(over: Partial<Ports> = {}) {
  let digest = 'one';
  const asked = await askingBroker({ ports: { contextDigest: () => digest, ...over } });
  await announceContext(asked.ports, digest);
  return {
    ...asked,
    async changedTo(decide: (ask: Ask) => Decision) {
      digest = `${digest}+`;
      asked.setPolicy(decide, digest);
      await announceContext(asked.ports, digest);
      for (const one of await asked.ledger.withdrawals.open())
        await carryOut(asked.ports, one, () => Promise.resolve(true));
    },
  };
}

async function approvedLease({ ask, use, ports }: Asking): Promise<Lease> {
  const { id } = await ask();
  await decideApproval(ports, ann, id, yes);
  return (await use(id)).lease;
}

async function whyRevoked({ ledger }: Asking, { id }: Lease) {
  const { items } = await ledger.log.read({ pageSize: 100, subject: id });
  const revoking = items.map(({ event }) => event).find(({ type }) => type === 'lease.revoking');
  return revoking?.['reason' as never] as string | undefined;
}

describe('POL-06: a lease that persons approved is evaluated again as approved', () => {
  test('it knows its approval, and lives on while the same policy would ask the same again', async () => {
    const asked = await setUp();
    const lease = await approvedLease(asked);
    const stored = await asked.ledger.leases.find(lease.id);
    expect(stored?.approval).toMatch(/^apr_/);
    expect(lease.approval).toBe(stored?.approval);
    await asked.changedTo(asking());
    expect(await asked.ledger.leases.find(lease.id)).toMatchObject({ state: 'active' });
  });

  test.each<[string, string, (ask: Ask) => Decision]>([
    ['two persons', 'approval.required: risky', asking({ persons: 2 })],
    ['persons of another role', 'approval.required: risky', asking({ approvers: ['security'] })],
    ['no person, but denies it', 'policy.denied: no-more', () => deny('no-more')],
  ])('it goes when policy now asks for %s', async (_what, reason, decide) => {
    const asked = await setUp();
    const lease = await approvedLease(asked);
    await asked.changedTo(decide);
    expect(await whyRevoked(asked, lease)).toBe(reason);
  });

  test('one that two persons approved stands before a policy that asks for two', async () => {
    const asked = await setUp();
    asked.setPolicy(asking({ persons: 2 }), 'one');
    const { id } = await asked.ask();
    await decideApproval(asked.ports, ann, id, yes);
    await decideApproval(asked.ports, bob, id, yes);
    const { lease } = await asked.use(id);
    await asked.changedTo(asking({ persons: 2, because: ['as-before'] }));
    expect(await asked.ledger.leases.find(lease.id)).toMatchObject({ state: 'active' });
  });

  test('an approval that was taken back counts for nothing', async () => {
    const asked = await setUp();
    const lease = await approvedLease(asked);
    await revokeApproval(asked.ports, { ...ann, roles: ['viewer', 'admin'] }, lease.approval!, 'a mistake');
    expect(await asked.ledger.leases.find(lease.id)).not.toMatchObject({ state: 'active' });
  });

  test('a lease that nobody approved goes when policy asks for a person now', async () => {
    const asked = await setUp();
    asked.setPolicy(() => permitting(), 'one');
    const request = { task: asked.task, credential: 'pretend-entry', parameters: { prefix: 'reports/' } };
    const { lease } = await grant(asked.ports, agent, request);
    expect(lease.approval).toBeUndefined();
    await asked.changedTo(asking());
    expect(await whyRevoked(asked, lease)).toBe('approval.required: risky');
  });
});

describe('POL-06: an emergency is evaluated again as one', () => {
  const olga: Principal = { ...ann, id: 'operator:olga', claims: {}, roles: ['viewer', 'breakglass'] };
  const request = {
    ...{ credential: 'pretend-entry', parameters: {}, ttlSeconds: 300 },
    ...{ reason: 'payments are stuck and nobody answers', ticket: 'INC-4711' },
  };
  const inEmergencies = ({ action }: Ask) =>
    action === 'breakGlass' ? permitting() : deny('only-breaking-glass');
  const ownersNeeded = { inventory: { agents: new Map(), ownersNeeded: true } };

  async function taken(asked: Asking): Promise<Lease> {
    asked.setPolicy(inEmergencies, 'one');
    const answer = await breakGlass(asked.ports, olga, request);
    if (!('lease' in answer)) throw new Error('a person was asked');
    return answer.lease;
  }

  test('it is judged by what policy says of emergencies; no operator needs an owner', async () => {
    const asked = await setUp(ownersNeeded);
    const lease = await taken(asked);
    await asked.changedTo(inEmergencies);
    expect(await asked.ledger.leases.find(lease.id)).toMatchObject({ state: 'active', breakGlass: true });
  });

  test('it goes when policy denies such emergencies now', async () => {
    const asked = await setUp(ownersNeeded);
    const lease = await taken(asked);
    await asked.changedTo(() => deny('no-emergencies'));
    expect(await whyRevoked(asked, lease)).toBe('policy.denied: no-emergencies');
  });
});
