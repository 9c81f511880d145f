import { beforeEach, expect, test } from '@jest/globals';
import { decideApproval } from '../../src/broker/approvals.js';
import { grantOrAsk } from '../../src/broker/ask-person.js';
import { delegate } from '../fake/delegated.js';
import { whyNoLonger } from '../../src/broker/no-longer.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Principal } from '../../src/identity/principal.js';
import { askedFor } from '../../src/policy/asked-for.js';
import type { Ask, Decision } from '../../src/policy/decision.js';
import type { Task } from '../../src/task/task.js';
import { agent, otherAgent, permitting } from '../fake/broker-ports.js';
import { ann, askingBroker, bob, carol } from '../fake/asking.js';
import type { Asking } from '../fake/asking.js';

const yes = { is: 'approve' } as const;
const lead: Principal = { ...carol, roles: ['viewer'] };
/** Policy asks for these persons, for each of the two agents. */
let demands: Record<string, { approvers: string[]; persons: number } | undefined>;
let broker: Asking;
let ports: Ports;
let below: Task;

const decide = ({ principal, approved }: Ask): Decision => {
  const demand = demands[principal.id];
  return demand && !approved ? askedFor([`asks-for-${principal.id.at(-1)}`], [demand]) : permitting();
};

beforeEach(async () => {
  const agents = new Map([[agent.id, { owner: 'ann@example.com' }]]);
  broker = await askingBroker({
    settings: { roles: { lead: [lead.id] } },
    ports: { inventory: { agents, ownersNeeded: false } },
  });
  ({ ports } = broker);
  demands = {};
  broker.setPolicy(decide, 'd1');
  const parent = (await ports.ledger.tasks.find(broker.task))!;
  below = await delegate(ports, agent, {
    ...{ parent: parent.id, agent: otherAgent.id, intent: 'a part', deadlineAt: parent.deadlineAt },
    scope: { allowed: [{ credential: 'pretend-entry', limits: {} }] },
  });
});

const ask = () => broker.ask({ task: below.id }, otherAgent);
const use = (id: string) => broker.use(id, { task: below.id }, otherAgent);

test('APR-03: who owns the agent that delegated cannot answer for the one below', async () => {
  demands[otherAgent.id] = { approvers: ['approver'], persons: 1 };
  const { id } = await ask();
  await expect(decideApproval(ports, ann, id, yes)).rejects.toMatchObject({ code: 'approval.own' });
  await expect(decideApproval(ports, bob, id, yes)).resolves.toMatchObject({ state: 'approved' });
});

test('APR-02: what policy demands for the agent above is demanded beside what it demands for its own', async () => {
  demands = {
    [otherAgent.id]: { approvers: ['approver'], persons: 1 },
    [agent.id]: { approvers: ['lead'], persons: 1 },
  };
  const { id, demand } = await ask();
  expect(demand).toMatchObject({ because: ['asks-for-b', 'asks-for-a'], approvers: ['approver', 'lead'] });
  expect(await decideApproval(ports, bob, id, yes)).toMatchObject({ state: 'pending' });
  expect(await decideApproval(ports, lead, id, yes)).toMatchObject({ state: 'approved' });
  await use(id);
  expect(broker.provider.live.size).toBe(1);
});

test('APR-02: an approval is not enough once policy asks for more persons for the agent above', async () => {
  demands[otherAgent.id] = { approvers: ['approver'], persons: 1 };
  const { id } = await ask();
  await decideApproval(ports, bob, id, yes);
  demands[agent.id] = { approvers: ['lead'], persons: 1 };
  await expect(use(id)).rejects.toMatchObject({ code: 'policy.denied' });
  expect(broker.provider.live.size).toBe(0);
});

test('POL-06: nor does its lease live on then', async () => {
  demands[otherAgent.id] = { approvers: ['approver'], persons: 1 };
  const { id } = await ask();
  await decideApproval(ports, bob, id, yes);
  const { lease } = await use(id);
  const known = {
    task: below,
    proven: { issuer: otherAgent.issuer, claims: {} },
    risk: 0,
    approval: await ports.ledger.approvals.find(id),
  };
  expect(whyNoLonger(ports, lease, known)).toBeUndefined();
  demands[agent.id] = { approvers: ['lead'], persons: 1 };
  expect(whyNoLonger(ports, lease, known)).toBe('approval.required: asks-for-b, asks-for-a');
});

test('APR-01: where only the agent above needs a person, the question is asked for the one below', async () => {
  demands[agent.id] = { approvers: ['approver'], persons: 1 };
  const answer = await grantOrAsk(ports, otherAgent, {
    ...{ task: below.id, credential: 'pretend-entry', parameters: {} },
  });
  expect(answer).toMatchObject({ approval: { agent: otherAgent.id, demand: { because: ['asks-for-a'] } } });
});
