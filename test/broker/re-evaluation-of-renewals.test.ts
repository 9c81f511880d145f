import { expect, test } from '@jest/globals';
import { judgeAfterSteps } from '../../src/broker/after-steps.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { Question } from '../../src/policy/decision.js';
import { agent, brokerPorts, entry, permitting, policyOf } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { signal } from '../fake/signal.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';
import { leased } from './renewing.js';

/** Whoever has used a tool holds a credential for a quarter of an hour at most, in all. */
const shortAfterTools = (question?: Question) =>
  question?.task.chain && (question.ttlSeconds ?? 0) > 900
    ? ({ is: 'deny', because: ['short-after-tools'], errors: [] } as const)
    : permitting();

async function world() {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const provider = pretendProvider('pretend', { endsAfterMs: 600_000, clock: ledger.clock });
  const policy = () => policyOf([entry('pretend')], shortAfterTools);
  const { ports, settled } = brokerPorts(ledger, [provider], { policy });
  return { ledger, provider, ports, settled, broker: createBroker(ports) };
}
const always = () => Promise.resolve(true);

test('POL-06: a renewal from before a step, still under way at its provider, is judged as if it were done', async () => {
  const { ledger, provider, ports, settled, broker } = await world();
  const { task, lease } = await leased(broker, ledger);
  const [asked, held] = [signal(), signal()];
  const renew = provider.renew!.bind(provider);
  provider.renew = async (order, handle) => {
    asked.give();
    await held.given;
    return renew(order, handle);
  };
  const renewal = broker.renew(agent, { lease: lease.id, ttlSeconds: 1800 });
  await asked.given;
  await broker.takeStep(agent, { task: task.id, tool: 'mail.send' });
  await judgeAfterSteps(ports, always);
  held.give();
  await expect(renewal).rejects.toMatchObject({ code: 'lease.not_active' });
  await settled();
  expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'revoked', cause: 'context_changed' });
  expect(provider.live.size).toBe(0);
});

test('POL-06: what was renewed to no later than is permitted by now stays', async () => {
  const { ledger, ports, broker } = await world();
  const { task, lease } = await leased(broker, ledger);
  await broker.renew(agent, { lease: lease.id, ttlSeconds: 840 });
  await broker.takeStep(agent, { task: task.id, tool: 'mail.send' });
  await judgeAfterSteps(ports, always);
  expect(await ledger.leases.find(lease.id)).toMatchObject({ state: 'active' });
  expect(await ledger.leases.find(lease.id)).not.toHaveProperty('renewingTo');
});
