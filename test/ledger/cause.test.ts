import { describe, expect, test } from '@jest/globals';
import { createBroker } from '../../src/broker/create-broker.js';
import type { Principal } from '../../src/identity/principal.js';
import { traceparentIn } from '../../src/kernel/cause.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts, orchestrator } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe.each(backends)('on $name', ({ url }) => {
  test('AUD-02: every event names the call that it was told for, whichever script told it; no other does', async () => {
    const ledger = redisLedger(await connected(url), { prefix: uniquePrefix() });
    await ledger.check();
    const { ports, settled } = brokerPorts(ledger, [pretendProvider()]);
    const broker = createBroker(ports);
    const deadlineAt = Date.now() + 3_600_000;
    const by = (principal: Principal, request: string, traceparent?: string) => ({
      ...principal,
      call: { request, traceparent },
    });
    const opening = { intent: 'x', deadlineAt, labels: {}, agent: agent.id };
    const task = await broker.openTask(by(orchestrator, 'req_1'), opening);
    const asking = { task: task.id, credential: 'pretend-entry', parameters: {} };
    await Promise.all([
      broker.grant(by(agent, 'req_2', traceparent), asking),
      broker.grant(by(agent, 'req_3'), { ...asking, credential: 'none' }).catch(() => {}),
    ]);
    await broker.endTask(by(admin, 'req_4'), task.id, 'completed');
    await settled();
    await ledger.log.record({ type: 'policy.loaded', policyDigest: 'd2' });
    const { items } = await ledger.log.read({ pageSize: 100 });
    const told = items.map(({ event }) => [event.type, event.request, event.traceparent] as const);
    const without = told.filter(([type]) => type !== 'lease.revoked');
    expect(without.toSorted(([, a = '~'], [, b = '~']) => (a < b ? -1 : 1))).toEqual([
      ['task.opened', 'req_1', undefined],
      ['lease.reserved', 'req_2', traceparent],
      ['lease.active', 'req_2', traceparent],
      ['credential.refused', 'req_3', undefined],
      ['task.ended', 'req_4', undefined],
      ['lease.revoking', 'req_4', undefined],
      ['policy.loaded', undefined, undefined],
    ]);
  });
});

test.each([
  traceparent.toUpperCase(),
  `${traceparent}-more`,
  traceparent.replace('00-', 'ff-'),
  traceparent.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
  traceparent.replace('b7ad6b7169203331', '0'.repeat(16)),
  '00-"}{"-x-01',
  ['a', 'b'],
  undefined,
])('%j is no traceparent, and is not written down', (header) => {
  expect(traceparentIn(header)).toBeUndefined();
});
