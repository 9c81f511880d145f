import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newWithdrawalId } from '../../src/kernel/id.js';
import { eventually } from './eventually.js';
import { canRun } from './program.js';
import type { Protem } from './protem.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { LedgerReader, World } from './world.js';

const runs = canRun('an owner that changes in the settings', redisPrograms());
const agent = 'spiffe://world.example/agent/reporter';
const ownedBy = (owner: string) => [{ id: agent, owner, purpose: 'reports' }];

(runs ? describe : describe.skip)('OPS-02: an owner that changes in the settings of a running broker', () => {
  let redis: RedisServer;
  let world: World;
  let look: LedgerReader;
  let config: string;
  let protem: Protem;

  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    config = world.configure({ redis: { url: redis.url }, agents: ownedBy('team-a') });
    look = await world.ledger({ url: redis.url });
    protem = await world.start('serve', config);
  }, 60_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  const moveTo = (owner: string) => {
    const settings = { ...(JSON.parse(readFileSync(config, 'utf8')) as object), agents: ownedBy(owner) };
    writeFileSync(`${config}.new`, JSON.stringify(settings));
    renameSync(`${config}.new`, config);
  };
  /** As the api writes it. */
  async function block(owner: string): Promise<void> {
    const scope = { of: 'owner', name: owner } as const;
    const told = { what: 'revoke', scope, by: 'op', reason: 'drill' } as const;
    const id = newWithdrawalId();
    await look.ledger.withdrawals.begin(
      { id, cause: 'kill_switch', ...told },
      { block: { id: 'blk_stack000', scope, by: 'op', reason: 'drill', at: Date.now() } },
      { type: 'withdrawal.begun', withdrawal: id, block: true, ...told },
    );
  }

  test('its agent loses what it has when the new owner is blocked, and gets more when it has left it', async () => {
    const { api } = protem;
    const task = await world.openTask(api);
    const [{ lease }] = (await world.askOften(api, task, 1)) as [{ lease: { id: string } }];
    await block('team-b');
    expect((await world.ask(api, task)).status).toBe(201);

    moveTo('team-b');
    await look.becomes(lease.id, 'revoked', 30_000);
    const revoking = (await look.events(lease.id)).find(
      (event) => event.type === 'lease.revoking' && event.lease === lease.id,
    );
    expect(revoking).toMatchObject({ cause: 'context_changed', reason: 'issuing.blocked: owner:team-b' });
    expect((await world.ask(api, task)).body.code).toBe('issuing.blocked');

    moveTo('team-c');
    await eventually('it gets more', async () => (await world.ask(api, task)).status === 201);
  });
});
