import { beforeAll, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { OperatorRole, Principal } from '../../src/identity/principal.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts, orchestrator, otherAgent, viewer } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
let broker: Broker;

beforeAll(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  broker = createBroker(brokerPorts(ledger, [pretendProvider()]).ports);
});

const opening = () => ({ intent: 't', deadlineAt: ledger.clock() + 3_600_000, labels: {} });
const asking = (task: string) => ({ task, credential: 'pretend-entry', parameters: {} });
const withRole = (role: OperatorRole): Principal => ({ ...admin, id: `operator:${role}`, roles: [role] });

const who = {
  owner: agent,
  stranger: otherAgent,
  opener: orchestrator,
  'other orchestrator': { ...orchestrator, id: 'orchestrator:other' },
  'operator without a role': { ...admin, id: 'operator:none', roles: [] },
  viewer,
  approver: withRole('approver'),
  breakglass: withRole('breakglass'),
  admin,
} satisfies Record<string, Principal>;
type Who = keyof typeof who;

interface Scene {
  readonly task: string;
  readonly lease: string;
}
const acts = {
  'open a task': (by: Principal) => broker.openTask(by, opening()),
  'open a task for the agent': (by: Principal) => broker.openTask(by, { ...opening(), agent: agent.id }),
  'find the task': (by: Principal, { task }: Scene) => broker.findTask(by, task),
  'list tasks': async (by: Principal) => broker.listTasks(by, { pageSize: 5 }),
  'end the task': (by: Principal, { task }: Scene) => broker.endTask(by, task, 'completed'),
  'ask for a credential': (by: Principal, { task }: Scene) => broker.grant(by, asking(task)),
  'find the lease': (by: Principal, { lease }: Scene) => broker.findLease(by, lease),
  'list leases': async (by: Principal) => broker.listLeases(by, { pageSize: 5 }),
  'list leases of the task': async (by: Principal, { task }: Scene) =>
    broker.listLeases(by, { pageSize: 5, task }),
  'end the lease': (by: Principal, { lease }: Scene) => broker.revokeLease(by, lease),
  'revoke the task': (by: Principal, { task }: Scene) =>
    broker.revokeMany(by, { scope: { of: 'task', name: task }, reason: 'r', block: true }),
  'preview revoking the task': (by: Principal, { task }: Scene) =>
    broker.blastRadius(by, { of: 'task', name: task }),
  'read the audit': (by: Principal, { task }: Scene) => broker.readAudit(by, { pageSize: 5, subject: task }),
} satisfies Record<string, (by: Principal, scene: Scene) => Promise<unknown>>;
type Act = keyof typeof acts;

const anyone = Object.keys(who) as Who[];
const operators: Who[] = ['operator without a role', 'viewer', 'approver', 'breakglass', 'admin'];
const notThere: Partial<Record<Act, string>> = {
  'find the task': 'task.unknown',
  'end the task': 'task.unknown',
  'ask for a credential': 'task.unknown',
  'find the lease': 'lease.unknown',
  'list leases of the task': 'task.unknown',
  'end the lease': 'lease.unknown',
};
const may: Record<Act, Who[]> = {
  'open a task': ['owner', 'stranger'],
  'open a task for the agent': ['owner', 'opener', 'other orchestrator'],
  'find the task': ['owner', 'opener', ...operators],
  'list tasks': ['owner', 'stranger', ...operators],
  'end the task': ['owner', 'opener', 'admin'],
  'ask for a credential': ['owner'],
  'find the lease': ['owner', 'opener', ...operators],
  'list leases': ['owner', 'stranger', ...operators],
  'list leases of the task': ['owner', 'opener', ...operators],
  'end the lease': ['owner', 'opener', 'admin'],
  'revoke the task': ['admin'],
  'preview revoking the task': ['admin'],
  'read the audit': operators,
};

/** What one who may not is told: that the thing is not there, where it is not for such callers to know of it. */
function refusalOf(act: Act, by: Who): string {
  if (act === 'open a task' && who[by].kind === 'orchestrator') return 'request.malformed';
  const outsider = by === 'stranger' || by === 'other orchestrator';
  if (act === 'ask for a credential' && who[by].kind !== 'agent') return 'role.missing';
  return (outsider && notThere[act]) || 'role.missing';
}

test.each((Object.keys(acts) as Act[]).flatMap((act) => anyone.map((by) => [by, act] as const)))(
  'OPS-04: may the %s %s?',
  async (by, act) => {
    const task = await broker.openTask(orchestrator, { ...opening(), agent: agent.id });
    const { lease } = await broker.grant(agent, asking(task.id));
    const acting = acts[act](who[by], { task: task.id, lease: lease.id });
    if (may[act].includes(by)) await expect(acting).resolves.toBeDefined();
    else {
      await expect(acting).rejects.toMatchObject({ code: refusalOf(act, by) });
      expect(await ledger.leases.find(lease.id)).toEqual(lease);
      expect(await ledger.tasks.find(task.id)).toEqual(task);
    }
  },
);

test('the catalog is shown to whoever is identified', () => {
  for (const by of Object.values(who))
    expect(broker.catalog(by).map((entry) => entry.name)).toEqual(['pretend-entry']);
});
