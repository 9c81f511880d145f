import { createBroker } from '../../src/broker/create-broker.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Limits, Ports } from '../../src/broker/ports.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';
import type { Ask, Decision } from '../../src/policy/decision.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

export const hourMs = 3_600_000;

/** A ledger, a provider that can renew, and a policy that says what it is told to. */
export interface Renewing {
  readonly ledger: Ledger;
  readonly provider: PretendProvider;
  /** What policy was asked, and what it says. */
  readonly asks: Ask[];
  says: () => Decision;
  digest: string;
  catalog: CatalogEntry[];
  world(limits?: Partial<Limits>, over?: Partial<Ports>): { broker: Broker; settled: () => Promise<unknown> };
  readonly eventsOf: (lease: string) => Promise<readonly { readonly type: string }[]>;
  readonly renewCalls: () => string[];
  /** When the provider has been asked to renew once more. */
  readonly asked: () => Promise<void>;
}

export async function renewing(): Promise<Renewing> {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  await ledger.check();
  const provider = pretendProvider('pretend', { endsAfterMs: 600_000, clock: ledger.clock });
  const renewCalls = () => provider.calls.filter((call) => call.startsWith('renew'));
  let seen = 0;
  const it: Renewing = {
    ledger,
    provider,
    asks: [],
    says: () => permitting(),
    digest: 'd1',
    catalog: [entry('pretend')],
    world(limits = {}, over = {}) {
      const policy = () => ({
        ...policyOf(it.catalog, undefined, it.digest),
        decide: (ask: Ask) => {
          it.asks.push(ask);
          return it.says();
        },
      });
      const { ports, settled } = brokerPorts(ledger, [provider], { policy, ...over });
      return { broker: createBroker({ ...ports, limits: { ...ports.limits, ...limits } }), settled };
    },
    eventsOf: async (lease) =>
      (await ledger.log.read({ subject: lease, pageSize: 100 })).items.map((record) => record.event),
    renewCalls,
    async asked() {
      while (renewCalls().length === seen) await new Promise((resolve) => setImmediate(resolve));
      seen = renewCalls().length;
    },
  };
  return it;
}

/** A lease for ten minutes, of a task for two hours. */
export async function leased(
  broker: Broker,
  ledger: Ledger,
  over: { deadlineInMs?: number; tool?: string } = {},
) {
  const { deadlineInMs = 2 * hourMs, ...rest } = over;
  const deadlineAt = ledger.clock() + deadlineInMs;
  const task = await broker.openTask(agent, { intent: 'test', deadlineAt, labels: {} });
  const ask = { task: task.id, credential: 'pretend-entry', parameters: {}, ttlSeconds: 600, ...rest };
  const { lease } = await broker.grant(agent, ask);
  return { task, lease };
}
