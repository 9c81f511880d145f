import { expect, test } from '@jest/globals';
import { delegate } from '../fake/delegated.js';
import { grant } from '../../src/broker/grant.js';
import { renew } from '../../src/broker/renew.js';
import { openTask } from '../../src/broker/tasks.js';
import type { Principal } from '../../src/identity/principal.js';
import type { Order } from '../../src/issuance/provider.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const reports = entry('pretend', {
  name: 'reports',
  parameters: {
    prefix: { type: 'path', within: 'reports/', default: 'reports/' },
    columns: { type: 'set', values: ['x', 'y'], default: ['x', 'y'] },
  },
  mint: { path: 'data/{{prefix}}', columns: ['{{columns}}'] },
});
const clerk: Principal = { ...agent, id: 'spiffe://example.org/agent/clerk' };

test('DEL-03 I5 the provider is told what was delegated, to hold to it what it mints and carries on', async () => {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const pretend = pretendProvider('pretend', { endsAfterMs: 600_000 });
  const orders: Order[] = [];
  const provider = {
    ...pretend,
    issue: (...[order, ...rest]: Parameters<typeof pretend.issue>) => (
      orders.push(order),
      pretend.issue(order, ...rest)
    ),
    renew: (...[order, ...rest]: Parameters<NonNullable<typeof pretend.renew>>) => (
      orders.push(order),
      pretend.renew!(order, ...rest)
    ),
  };
  const { ports } = brokerPorts(ledger, [provider], {
    policy: () => policyOf([reports], () => permitting()),
  });
  const deadlineAt = Date.now() + 3_600_000;
  const root = await openTask(ports, agent, { intent: 'root', deadlineAt, labels: {} });
  const child = await delegate(ports, agent, {
    ...{ parent: root.id, agent: clerk.id, intent: 'a part of it', deadlineAt },
    scope: { allowed: [{ credential: 'reports', limits: { prefix: 'reports/q3/' } }] },
  });
  const parameters = { prefix: 'reports/q3/july/', columns: ['x'] };
  await grant(ports, agent, { task: root.id, credential: 'reports', parameters });
  const { lease } = await grant(ports, clerk, { task: child.id, credential: 'reports', parameters });
  await renew(ports, clerk, { lease: lease.id });

  const delegated = { taskId: root.id, scope: { path: 'data/reports/q3/', columns: ['x'] } };
  expect(orders.map(({ within }) => within)).toEqual([[], [delegated], [delegated]]);
});
