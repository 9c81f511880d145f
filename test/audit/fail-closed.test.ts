import { expect, test } from '@jest/globals';
import { grant } from '../../src/broker/grant.js';
import { openTask } from '../../src/broker/tasks.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

test.each(backends)(
  'AUD-01: on $name, while the log alone cannot be written, nothing is minted',
  async ({ url }) => {
    const redis = await connected(url);
    const prefix = uniquePrefix();
    const ledger = redisLedger(redis, { prefix });
    const provider = pretendProvider();
    const { ports } = brokerPorts(ledger, [provider]);
    const task = await openTask(ports, agent, { intent: 'x', deadlineAt: Date.now() + 60_000, labels: {} });
    const asking = { task: task.id, credential: 'pretend-entry', parameters: {} };
    await redis.rename(`${prefix}:events`, `${prefix}:put-aside`);
    // What is there is no log, and takes no event.
    await redis.set(`${prefix}:events`, 'not a log');
    await expect(grant(ports, agent, asking)).rejects.toMatchObject({ code: 'state.unavailable' });
    expect(provider.calls.filter((call) => call.startsWith('issue'))).toEqual([]);
    expect(provider.live.size).toBe(0);

    await redis.rename(`${prefix}:put-aside`, `${prefix}:events`);
    const { lease } = await grant(ports, agent, asking);
    expect([...provider.live]).toEqual([lease.id]);
  },
);
