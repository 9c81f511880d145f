import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judgeAfterSteps } from '../../src/broker/after-steps.js';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Ports } from '../../src/broker/ports.js';
import type { Principal } from '../../src/identity/principal.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Question } from '../../src/policy/decision.js';
import { subtaskOf } from '../fake/delegated.js';
import { agent, brokerPorts, entry, otherAgent, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

/** Nothing is issued, kept or carried on for a tree in which mail was sent; everything else is permitted. */
const mailEndsAll = (question?: Question) =>
  question?.entry && question.task.chain?.tools.includes('mail.send')
    ? ({ is: 'deny', because: ['mail-was-sent'], errors: [] } as const)
    : permitting();

interface Process {
  readonly broker: Broker;
  readonly ports: Ports;
}

/** Two processes on one ledger, and a tree: a task, and one below it. */
async function world() {
  const prefix = uniquePrefix();
  const provider = pretendProvider('pretend', { endsAfterMs: 600_000 });
  const catalog = [entry('pretend')];
  const open = async (): Promise<Process> => {
    const ledger = redisLedger(await connected(backends[0]!.url), { prefix });
    const { ports } = brokerPorts(ledger, [provider], { policy: () => policyOf(catalog, mailEndsAll) });
    return { ports, broker: createBroker(ports) };
  };
  const processes = [await open(), await open()] as const;
  const [{ broker, ports }] = processes;
  const deadlineAt = ports.ledger.clock() + 3_600_000;
  const root = await broker.openTask(agent, { intent: 'all of it', deadlineAt, labels: {} });
  const scope = { allowed: [{ credential: 'pretend-entry', limits: {} }] };
  const part = { parent: root.id, agent: otherAgent.id, intent: 'a part of it', deadlineAt, scope };
  const below = subtaskOf(await broker.delegate(agent, part));
  const tasks: readonly [string, Principal][] = [
    [root.id, agent],
    [below.id, otherAgent],
  ];
  return { processes, provider, tasks, ledger: ports.ledger };
}

const act = fc.record({
  does: fc.constantFrom('ask', 'ask', 'read', 'renew', 'send', 'end', 'look'),
  by: fc.nat(1),
  of: fc.nat(1),
});
type Act = { does: string; by: number; of: number };

async function carriedOut({ processes, tasks, ledger }: Awaited<ReturnType<typeof world>>, act: Act) {
  const { broker, ports } = processes[act.by]!;
  const [task, principal] = tasks[act.of]!;
  const take = (tool: string) => broker.takeStep(principal, { task, tool });
  switch (act.does) {
    case 'read':
      return take('s3.get');
    case 'send':
      return take('mail.send');
    case 'end':
      return act.of === 1 ? broker.endTask(principal, task, 'completed') : undefined;
    case 'look':
      return judgeAfterSteps(ports, () => Promise.resolve(true));
    case 'renew': {
      const { items } = await ledger.leases.list({ task, pageSize: 1 });
      return items[0] && broker.renew(principal, { lease: items[0].id, ttlSeconds: 1200 });
    }
    default:
      return broker.grant(principal, { task, credential: 'pretend-entry', parameters: {} });
  }
}

test('POL-06, I4: whatever happens at once in a tree of tasks, nothing lives on a chain that forbids it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 24 }), async (acts) => {
      const tree = await world();
      await Promise.allSettled(acts.map((one) => carriedOut(tree, one)));
      await judgeAfterSteps(tree.processes[0].ports, () => Promise.resolve(true));
      const { ledger, tasks } = tree;
      expect(await ledger.steps.stepped(5)).toEqual([]);
      for (const [id] of tasks) {
        const task = (await ledger.tasks.find(id))!;
        const { items } = await ledger.leases.list({ task: id, pageSize: 100 });
        const live = items.filter(({ state }) => state === 'active' || state === 'reserved');
        if (task.state !== 'open' || task.chain?.tools.includes('mail.send')) expect(live).toEqual([]);
      }
      // Every step and every credential was decided on the steps that were recorded before it, of whichever task.
      let steps = 0;
      for (const { event } of (await ledger.log.read({ pageSize: 500 })).items) {
        if (event.type === 'step.decided') expect(event.chain.count).toBe(steps++);
        if (event.type === 'lease.reserved') expect(event.chain?.count ?? 0).toBe(steps);
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 60_000);
