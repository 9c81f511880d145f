import { expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

async function opened() {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const provider = pretendProvider('pretend');
  const { ports } = brokerPorts(ledger, [provider]);
  const broker = createBroker(ports);
  const task = await broker.openTask(agent, {
    intent: 'test',
    deadlineAt: Date.now() + 3_600_000,
    labels: {},
  });
  const { lease } = await broker.grant(agent, {
    task: task.id,
    credential: 'pretend-entry',
    parameters: {},
  });
  const events = async () => (await ledger.log.read({ pageSize: 100 })).items.map(({ event }) => event);
  return { broker, task, lease, events };
}

test('why a lease was revoked is in the audit log, in the words of who revoked it', async () => {
  const { broker, lease, events } = await opened();
  await broker.revokeLease(admin, lease.id, 'left on a train: "laptop"');
  expect(await events()).toContainEqual(
    expect.objectContaining({
      type: 'lease.revoking',
      lease: lease.id,
      by: admin.id,
      reason: 'left on a train: "laptop"',
    }),
  );
});

test('why everything of a task was revoked is in the audit log, and nothing is where no reason was given', async () => {
  const { broker, task, events } = await opened();
  await broker.revokeTask(admin, task.id, { dryRun: false, reason: 'the agent went astray' });
  const ended = (await events()).find(({ type }) => type === 'task.ended');
  expect(ended).toMatchObject({ via: 'revocation', reason: 'the agent went astray' });

  const other = await opened();
  await other.broker.revokeLease(agent, other.lease.id);
  await other.broker.revokeTask(admin, other.task.id, { dryRun: false });
  for (const event of await other.events())
    if (event.type === 'lease.revoking' || event.type === 'task.ended')
      expect(event).not.toHaveProperty('reason');
});
