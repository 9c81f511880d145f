import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newLeaseId, newWithdrawalId } from '../../src/kernel/id.js';
import type { Scope } from '../../src/revocation/withdrawal.js';
import { eventually } from './eventually.js';
import { canRun } from './program.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { LedgerReader, World } from './world.js';

const runs = canRun('a kill switch with real processes', redisPrograms());
const many = 1000;
const mine = 'spiffe://world.example/agent/reporter';
const theirs = 'spiffe://world.example/agent/other';

(runs ? describe : describe.skip)('REV-06: a kill switch with real processes and a real Redis', () => {
  let redis: RedisServer;
  let world: World;
  let config: string;
  let look: LedgerReader;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    // What stands for no token is looked for among all: on a machine that is busy this takes its time.
    const limits = { mintTimeout: '2s', revokeTimeout: '30s' };
    config = world.configure({ redis: { url: redis.url }, limits });
    look = await world.ledger({ url: redis.url });
  }, 30_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  /** As the api writes them; nothing stands for them at the Vault, which says so when they are revoked. */
  async function leases(agent: string, count: number): Promise<void> {
    const { ledger } = look;
    const perTask = 500;
    for (let from = 0; from < count; from += perTask) {
      const id = `tsk_${agent === mine ? 'm' : 't'}${String(from).padStart(7, '0')}`;
      const deadlineAt = ledger.clock() + 3_600_000;
      await ledger.tasks.open({ id, intent: 't', agent, openedBy: agent, labels: {}, deadlineAt });
      await Promise.all(
        Array.from({ length: Math.min(perTask, count - from) }, async () => {
          const leaseId = newLeaseId(id);
          const lease = {
            ...{ taskId: id, agent, entry: 'vault-db', provider: 'vault', parameters: {} },
            ...{ id: leaseId, handle: { lease: leaseId }, effect: 'revoked_at_provider' as const },
            ...{ ttlSeconds: 3600, ceilingSeconds: 3600, mintTimeoutMs: 2000 },
          };
          const event = {
            ...{ type: 'lease.reserved' as const, lease: lease.id, task: id, agent, intent: 't' },
            asked: { entry: 'vault-db', parameters: {}, ttlSeconds: 3600 },
            decided: { evaluation: 'e', is: 'permit' as const, because: ['all'], policyDigest: 'd' },
            ...{ provider: 'vault', ttlSeconds: 3600, effect: lease.effect, issuer: 'i', claims: {} },
          };
          const reserved = await ledger.leases.reserve(lease, event);
          const expiresAt = ledger.clock() + 3_600_000;
          await ledger.leases.activate(reserved, { expiresAt, effect: lease.effect });
        }),
      );
    }
  }
  const stateOf = async () => {
    const counts = await look.ledger.leases.counts();
    const of = (state: string) => counts.find((each) => each.state === state)?.count ?? 0;
    return { active: of('active'), revoking: of('revoking') };
  };

  test('the api dies right after its answer and the worker in the middle: others are untouched, and all of it goes', async () => {
    await leases(mine, many);
    await leases(theirs, 50);
    const first = await world.start('worker', config);
    const api = await world.start('api', config);
    const scope: Scope = { of: 'agent', name: mine };
    const id = newWithdrawalId();
    const task = await world.openTask(api.api);
    const block = { id: 'blk_stack000', scope, by: 'op', reason: 'drill', at: Date.now() };
    // As the api writes it; and the very next request at the api is refused.
    await look.ledger.withdrawals.begin(
      { id, what: 'revoke', scope, cause: 'kill_switch', by: 'op', reason: 'drill' },
      { block },
      {
        ...{ type: 'withdrawal.begun', withdrawal: id, what: 'revoke', scope, by: 'op', block: true },
        reason: 'drill',
      },
    );
    expect((await world.ask(api.api, task)).body.code).toBe('issuing.blocked');
    await api.kill();
    await eventually(
      'some of it has begun to end',
      async () => (await look.ledger.withdrawals.find(id))!.total > 0,
    );
    await first.kill();
    const second = await world.start('worker', config);
    const done = await eventually(
      'all of it has begun to end',
      async () => {
        const found = await look.ledger.withdrawals.find(id);
        return found?.sweptAt !== undefined && found;
      },
      60_000,
    );
    expect(done.total).toBe(many);
    await eventually(
      'all of it is over',
      async () => (await look.ledger.withdrawals.find(id))?.revoked === many,
      120_000,
    );
    expect(await stateOf()).toEqual({ active: 50, revoking: 0 });
    const again = await world.start('api', config);
    expect((await world.ask(again.api, await world.openTask(again.api))).body.code).toBe('issuing.blocked');
    await Promise.all([second.stop(), again.stop()]);
  }, 300_000);
});
