import { expect, test } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { evaluate } from '../../src/broker/evaluate.js';
import { grant } from '../../src/broker/grant.js';
import { takeStep } from '../../src/broker/steps.js';
import { openTask } from '../../src/broker/tasks.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Question } from '../../src/policy/decision.js';
import { agent, brokerPorts, entry, otherAgent, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

test('AUD-01: the risk of an agent is part of every decision about it, and of its record', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const seen: Question[] = [];
  const decide = (question?: Question) => (seen.push(question!), permitting());
  const { ports } = brokerPorts(ledger, [pretendProvider()], {
    policy: () => policyOf([entry('pretend')], decide),
    risk: (id) => (id === agent.id ? 2 : 0),
  });
  const deadlineAt = Date.now() + 3_600_000;
  const task = (await openTask(ports, agent, { intent: 'x', deadlineAt, labels: {} })).id;
  await takeStep(ports, agent, { task, tool: 'sql' });
  await grant(ports, agent, { task, credential: 'pretend-entry', parameters: {} });
  const scope = { allowed: [{ credential: 'pretend-entry', limits: {} }] };
  const below = await delegate(ports, agent, {
    ...{ parent: task, agent: otherAgent.id, intent: 'y', deadlineAt, scope },
  });
  await evaluate(ports, agent, {
    subject: { type: 'agent', id: agent.id },
    action: { name: 'step' },
    resource: { type: 'tool', id: 'sql' },
  });
  // It hangs from the one above.
  await takeStep(ports, otherAgent, { task: below.id, tool: 'sql' });
  expect(seen.length).toBeGreaterThanOrEqual(5);
  expect([...new Set(seen.map(({ risk }) => risk))]).toEqual([2]);
  const { items } = await ledger.log.read({ pageSize: 100 });
  const decided = items.flatMap(({ event }) =>
    'decided' in event && event.decided ? [[event.type, event.decided.risk]] : [],
  );
  expect(decided).toEqual([
    ['step.decided', 'medium'],
    ['lease.reserved', 'medium'],
    ['task.delegated', 'medium'],
    ['step.decided', 'medium'],
  ]);
});
