import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { carryOut } from '../../src/broker/carry-out.js';
import { createBroker } from '../../src/broker/create-broker.js';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import type { Principal } from '../../src/identity/principal.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { admin, agent, brokerPorts, otherAgent } from '../fake/broker-ports.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { connected, uniquePrefix } from '../setup/backends.js';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';

const runs = canRun('a kill switch of many leases', redisPrograms());
const many = 10_000;

(runs ? describe : describe.skip)('REV-06: 10,000 leases, and a kill switch for one agent', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  }, 30_000);
  afterAll(() => redis?.close());

  test('new issue is refused at once, all its leases end, others are untouched', async () => {
    const ledger = redisLedger(await connected(redis.url), { prefix: uniquePrefix() });
    await ledger.check();
    const provider = pretendProvider();
    const { ports, settled } = brokerPorts(ledger, [provider]);
    const broker = createBroker(ports);
    const leased = async (by: Principal, count: number) => {
      const deadlineAt = ledger.clock() + 3_600_000;
      const task = await broker.openTask(by, { intent: 't', deadlineAt, labels: {} });
      const ask = { task: task.id, credential: 'pretend-entry', parameters: {} };
      return Promise.all(Array.from({ length: count }, () => broker.grant(by, ask)));
    };
    for (let i = 0; i < many / 500; i++) await leased(agent, 500);
    const others = (await leased(otherAgent, 50)).map(({ lease }) => lease.id);
    expect(provider.live.size).toBe(many + 50);

    const scope = { of: 'agent', name: agent.id } as const;
    expect((await broker.blastRadius(admin, scope)).total).toBe(many);
    const { revocation } = await broker.revokeMany(admin, { scope, reason: 'drill', block: true });
    await expect(leased(agent, 1)).rejects.toMatchObject({ code: 'issuing.blocked' });
    const [open] = await ledger.withdrawals.open();
    // Between any two pieces other requests are served.
    let served = 0;
    await carryOut(ports, open!, async () => {
      await leased(otherAgent, 1);
      served++;
      return true;
    });
    expect(served).toBeGreaterThan(many / 1000);
    await dispatchDue(ports, 'pretend');
    await settled();
    expect(await broker.findRevocation(admin, revocation.id)).toMatchObject({
      ...{ total: many, revoked: many, pending: 0 },
    });
    expect([...provider.live].filter((id) => others.includes(id)).toSorted()).toEqual(others.toSorted());
    expect(provider.live.size).toBe(50 + served);
  }, 180_000);
});
