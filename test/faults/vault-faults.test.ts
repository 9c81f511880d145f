import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import type { Json } from '../../src/sandbox/story/api-client.js';
import type { VaultFault } from '../../src/sandbox/vault/fault.js';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import type { Protem } from '../stack/protem.js';
import { redisPrograms, startRedis } from '../stack/redis.js';
import type { RedisServer } from '../stack/redis.js';
import { startWorld } from '../stack/world.js';
import type { LedgerReader, VaultPlace, World } from '../stack/world.js';

const possible = canRun('a Vault that misbehaves', redisPrograms());
const secret = /sys\/leases\/revoke/;
const token = /revoke-accessor/;
const both = /sys\/leases\/revoke|revoke-accessor/;

(possible ? describe : describe.skip)('a Vault that misbehaves while it is asked to revoke', () => {
  let redis: RedisServer;
  let world: World;
  let look: LedgerReader;
  let place: VaultPlace;
  let protem: Protem;
  beforeAll(async () => {
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    place = world.providers['vault']!;
    look = await world.ledger({ url: redis.url });
    const limits = { mintTimeout: '10s', revokeTimeout: '3s' };
    protem = await world.start('serve', world.configure({ redis: { url: redis.url }, limits }));
  }, 60_000);
  afterEach(() => place.vault.setFault(undefined));
  afterAll(async () => {
    await world?.close();
    await redis?.close();
  });

  async function ends(fault: VaultFault): Promise<Json> {
    const task = await world.openTask(protem.api);
    const { status, body } = await world.ask(protem.api, task);
    expect(status).toBe(201);
    place.vault.setFault(fault);
    expect((await world.endByWebhook(protem.api, task)).status).toBe(200);
    return body;
  }
  const failuresOf = async (lease: string) =>
    (await look.events(lease)).flatMap((event) =>
      event.type === 'revocation.failed' ? [{ fault: event.fault, retryInMs: event.retryInMs }] : [],
    );

  test.each<[string, VaultFault, string]>([
    ['failing three times', { kind: 'error', path: secret, times: 3 }, 'provider.unavailable'],
    ['sealed', { kind: 'sealed', path: both, times: 2 }, 'provider.unavailable'],
    ['refusing with 403', { kind: 'forbidden', path: both, times: 3 }, 'provider.refused'],
    ['never answering', { kind: 'hang', path: secret, times: 1 }, 'provider.timeout'],
    ['talking nonsense', { kind: 'nonsense', path: secret, times: 1 }, 'provider.nonsense'],
    [
      'revoking the secret and not its token',
      { kind: 'error', path: token, times: 1 },
      'provider.unavailable',
    ],
    [
      'cutting the connection when it has done it',
      { kind: 'drop', path: secret, times: 1 },
      'provider.unavailable',
    ],
  ])(
    '%s: no end before it is one, and then it is told',
    async (_what, fault, expected) => {
      const { lease, secret: credential } = await ends(fault);
      await look.becomes(lease.id, 'revoked', 60_000);
      const failures = await failuresOf(lease.id);
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure.fault).toBe(expected);
      expect(await place.lets(credential)).toBe(false);
    },
    90_000,
  );

  test('throttling with Retry-After: it is left in peace for the seven seconds that it asks for', async () => {
    const { lease, secret: credential } = await ends({ kind: 'throttled', path: secret, times: 1 });
    const [failure] = await eventually('it is told of', async () => {
      const failures = await failuresOf(lease.id);
      return failures.length > 0 && failures;
    });
    expect(failure).toEqual({ fault: 'provider.throttled', retryInMs: 7000 });
    await wait(1000);
    expect((await look.lease(lease.id))?.state).toBe('revoking');
    await look.becomes(lease.id, 'revoked', 60_000);
    expect(await place.lets(credential)).toBe(false);
  }, 90_000);
});
