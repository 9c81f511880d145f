import { grant } from '../../src/broker/grant.js';
import type { Ports } from '../../src/broker/ports.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

export async function openLedger(claimMs = 60_000): Promise<Ledger> {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix(), claimMs });
  await ledger.check();
  return ledger;
}

/** The worker is not there: what is due only waits. */
export function world(ledger: Ledger, provider: PretendProvider, over: Partial<Ports> = {}) {
  const queued: string[] = [];
  const { ports } = brokerPorts(ledger, [provider], {
    queue: {
      add: (_provider, ids) => Promise.resolve(void queued.push(...ids)),
      backlog: () => Promise.resolve(queued.length),
      close: () => Promise.resolve(),
    },
    ...over,
  });
  return { ports, queued };
}

/** A lease that is live, of a task for an hour. */
export async function leased(ports: Ports, provider = 'pretend') {
  const deadlineAt = ports.ledger.clock() + 3_600_000;
  const task = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
  const ask = { task: task.id, credential: `${provider}-entry`, parameters: {} };
  return (await grant(ports, agent, ask)).lease;
}

export const ending = async (ledger: Ledger, id: string) =>
  (await ledger.leases.revoke(id, 'operator', 'op'))!;
