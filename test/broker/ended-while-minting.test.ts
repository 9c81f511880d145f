import { expect, test } from '@jest/globals';
import { grant } from '../../src/broker/grant.js';
import { endTask, openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { signal } from '../fake/signal.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

// The worker takes back what the provider is still making, and the provider then fails on the way: that is the end of
// the task, and nobody is to be woken for it.
test.each(['provider.refused', 'provider.unavailable'] as const)(
  '%s of a provider whose lease was revoked in the middle is answered as the end of the task',
  async (code) => {
    const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
    const provider = pretendProvider();
    const { ports, settled } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, {
      intent: 'test',
      deadlineAt: ledger.clock() + 3_600_000,
      labels: {},
    });
    const begun = signal();
    const ended = signal();
    provider.issue = async () => {
      begun.give();
      await ended.given;
      throw new Fault(code, 'The token of the lease is gone.');
    };
    const asking = grant(ports, agent, { task: task.id, credential: 'pretend-entry', parameters: {} });
    await begun.given;
    await endTask(ports, agent, task.id, 'completed');
    ended.give();
    await expect(asking).rejects.toMatchObject({ code: 'task.ended' });
    await settled();
    const { items } = await ledger.log.read({ subject: task.id, pageSize: 100 });
    expect(items.map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ type: 'credential.refused', fault: 'task.ended' }),
    );
  },
);
