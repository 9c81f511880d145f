import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { announceContext } from '../src/broker/announce-context.js';
import { createBroker } from '../src/broker/create-broker.js';
import type { Principal } from '../src/identity/principal.js';
import { connectRedis, untilReady } from '../src/ledger/redis-connection.js';
import { redisLedger } from '../src/ledger/redis-ledger.js';
import { loadPolicy } from '../src/policy/cedar-policy.js';
import { withdrawals } from '../src/worker/withdrawals.js';
import { brokerPorts } from '../test/fake/broker-ports.js';
import { pretendProvider } from '../test/fake/pretend-provider.js';
import { benchCatalog, benchPolicies, entryNames } from './harness/policies.js';
import { startRedis } from './harness/redis.js';
import { machine } from './harness/report.js';

/**
 * POL-06: from a change of policy until the last of 10,000 live leases that no longer passes is ending, over a hundred
 * policies, while issuing goes on in the same process. Each lease is of another agent or entry, so that no decision is
 * remembered; half of them no longer pass. A new policy is compiled before the clock starts, as a reload does.
 */
const many = 10_000;
const tasksAtOnce = 5;
const changed = entryNames.slice(0, entryNames.length / 2);
const lasting = entryNames.at(-1)!;
const agent = (n: number): Principal => ({
  id: `spiffe://bench.example/agent/reporter-${n}`,
  kind: 'agent',
  issuer: 'bench.example',
  roles: [],
  claims: {},
  proofExpiresAt: Number.MAX_SAFE_INTEGER,
});

const redis = await startRedis();
const client = connectRedis({ url: redis.url }, 'asking');
await untilReady(client, 5000);
const ledger = redisLedger(client);
await ledger.check();
const catalog = benchCatalog('pretend', { path: 'reports/{{prefix}}' });
const directory = benchPolicies();
let policy = loadPolicy({ directory, catalog });
const { ports } = brokerPorts(ledger, [pretendProvider()], {
  policy: () => policy,
  contextDigest: () => policy.digest,
  queue: { add: () => Promise.resolve(), backlog: () => Promise.resolve(0), close: () => Promise.resolve() },
});
const broker = createBroker(ports);
await announceContext(ports, policy.digest);

/** A task of an agent of its own. */
async function opened(n: number) {
  const deadlineAt = ledger.clock() + 3_600_000;
  const labels = { team: `bench-${n}` };
  return (await broker.openTask(agent(n), { intent: 'measure', deadlineAt, labels })).id;
}

/** One lease of each entry. */
async function leased(n: number): Promise<void> {
  const task = await opened(n);
  for (const credential of entryNames) await broker.grant(agent(n), { task, credential, parameters: {} });
}

/** Issues one after the other, with a rest in between, until it is told to stop; says how long each took. */
function issuing(n: number) {
  const tookMs: number[] = [];
  let goesOn = true;
  const over = (async () => {
    const task = await opened(n);
    while (goesOn) {
      const at = performance.now();
      await broker.grant(agent(n), { task, credential: lasting, parameters: {} });
      tookMs.push(performance.now() - at);
      await wait(5);
    }
  })();
  return {
    async stop() {
      goesOn = false;
      await over;
      return tookMs.toSorted((one, other) => one - other);
    },
  };
}

const ending = async () =>
  (await ledger.leases.counts())
    .filter(({ state }) => state === 'revoking')
    .reduce((sum, { count }) => sum + count, 0);

for (let n = 0; n < many / entryNames.length; n += tasksAtOnce)
  await Promise.all(Array.from({ length: tasksAtOnce }, (_, i) => leased(n + i)));

const forbidden = changed.map((name) => `resource == Protem::CatalogEntry::"${name}"`).join(' || ');
appendFileSync(
  join(directory, 'bench.cedar'),
  `\n@id("changed") forbid (principal, action == Protem::Action::"issue", resource) when { ${forbidden} };`,
);
const next = loadPolicy({ directory, catalog });
const loop = withdrawals(ports);
const meanwhile = issuing(many);
await wait(500);
const startedAt = performance.now();
policy = next;
while ((await ending()) < many / 2) await wait(20);
const seconds = (performance.now() - startedAt) / 1000;
const tookMs = await meanwhile.stop();
await loop.close();
const at = (share: number) => tookMs[Math.floor((tookMs.length - 1) * share)]!.toFixed(1);

machine('one process that issues and evaluates; Redis with its append-only file (everysec)');
console.log(
  '| live leases | no longer pass | the last is ending after | issued meanwhile | p50 ms | p99 ms | target |',
);
console.log('|---:|---:|---:|---:|---:|---:|---|');
console.log(
  `| ${many} | ${many / 2} | ${seconds.toFixed(2)} s | ${tookMs.length} | ${at(0.5)} | ${at(0.99)} | <= 5 s |`,
);
redis.stop();
process.exit(0);
