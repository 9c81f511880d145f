import { expect, test } from '@jest/globals';
import { receiveHook } from '../../src/broker/receive-hook.js';
import { openTask } from '../../src/broker/tasks.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts, orchestrator } from '../fake/broker-ports.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const delivery = { headers: {}, rawBody: Buffer.from('{}') };

test('a webhook source that is bound to one orchestrator ends the tasks that one opened, and no others', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const opening = { intent: 'test', deadlineAt: Date.now() + 60_000, labels: {} };
  let taskId = '';
  const { ports } = brokerPorts(ledger, [], {
    readHook: () => ({ deliveryId: `d-${taskId}`, taskId, outcome: 'completed' }),
    hookMayEnd: (_source, task) => task.openedBy === orchestrator.id,
  });
  const its = await openTask(ports, orchestrator, { ...opening, agent: agent.id });
  const others = await openTask(ports, agent, opening);

  taskId = others.id;
  await expect(receiveHook(ports, 'argo', delivery)).rejects.toMatchObject({ code: 'task.unknown' });
  expect((await ledger.tasks.find(others.id))?.state).toBe('open');
  taskId = its.id;
  await expect(receiveHook(ports, 'argo', delivery)).resolves.toEqual({ task: its.id, effect: 'ended' });

  const { items } = await ledger.log.read({ pageSize: 100 });
  expect(items.map((record) => record.event)).toContainEqual({
    type: 'hook.refused',
    source: 'argo',
    reason: 'task.not_its_own',
    count: 1,
  });
});
