import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../stack/eventually.js';
import { canRun } from '../stack/program.js';
import { redisPrograms } from '../stack/redis.js';
import type { Process } from './processes.js';
import type { RecordingProvider, Trouble } from './recording-provider.js';
import { startScene } from './scene.js';
import type { Scene } from './scene.js';
import { long } from './seed.js';

const possible = canRun('a provider that misbehaves', redisPrograms());
const taking = /^take-/;

(possible ? describe : describe.skip)('a provider that misbehaves while it is asked to revoke', () => {
  let scene: Scene;
  let provider: RecordingProvider;
  let api: Process;
  beforeAll(async () => {
    scene = await startScene();
    provider = scene.place.provider;
    api = await scene.start('api');
    await scene.start('worker');
  }, 120_000);
  afterEach(() => provider.trouble());
  afterAll(async () => scene?.close());

  async function ends(...troubles: readonly Trouble[]): Promise<string> {
    const task = await scene.openTask(api);
    const lease = await scene.lease(api, task);
    provider.trouble(...troubles);
    await scene.end(api, task);
    return lease;
  }
  const typesOf = async (lease: string) => (await scene.look.events(lease)).map(({ type }) => type);
  const failuresOf = async (lease: string) =>
    (await scene.look.events(lease)).flatMap((event) =>
      event.type === 'revocation.failed' ? [`${event.fault}${event.stuck ? ', stuck' : ''}`] : [],
    );
  const asked = (lease: string, call: RegExp) =>
    provider.seen.filter((each) => each.lease === lease && call.test(each.call));

  test('failing three times: it is tried again, and revoked', async () => {
    const lease = await ends({ call: /take-credential/, is: 'error', times: 3 });
    await scene.look.becomes(lease, 'revoked', 40_000);
    expect(await failuresOf(lease)).toEqual(Array(3).fill('provider.unavailable'));
    expect(provider.alive(lease)).toEqual([]);
  }, 60_000);

  // Its pauses add up to minutes: a build proves that the sixth failure is told as stuck and not as the end.
  test(`failing ${long ? 'ten' : 'six'} times: it is told as stuck, never given up, and revoked`, async () => {
    const times = long ? 10 : 6;
    const lease = await ends({ call: /take-credential/, is: 'error', times });
    await scene.look.becomes(lease, 'stuck', 90_000);
    expect(provider.alive(lease)).not.toEqual([]);
    await scene.look.becomes(lease, 'revoked', 1_200_000);
    expect(await failuresOf(lease)).toEqual([
      ...Array(5).fill('provider.unavailable'),
      ...Array(times - 5).fill('provider.unavailable, stuck'),
    ]);
    expect(provider.alive(lease)).toEqual([]);
    // So long overdue, it was kept from issuing, until the broker has looked again.
    const task = await scene.openTask(api);
    await eventually('it issues again', async () => (await scene.lease(api, task)) !== '');
  }, 1_500_000);

  test('hanging: the attempt is given up in its time, and the next one revokes', async () => {
    const lease = await ends({ call: /take-credential/, is: 'hang', times: 1 });
    await scene.look.becomes(lease, 'revoked', 30_000);
    expect(await failuresOf(lease)).toEqual(['provider.timeout']);
    expect(provider.alive(lease)).toEqual([]);
  });

  test('answering 202: the lease is not over before the provider has really done it', async () => {
    const lease = await ends({ call: taking, is: 'queued', times: 2, laterMs: 900 });
    await eventually('both are asked for', () => asked(lease, taking).length >= 2);
    expect(provider.alive(lease).length).toBeGreaterThan(0);
    const { endedAt } = await scene.look.becomes(lease, 'revoked', 30_000);
    const made = provider.made.filter((each) => each.lease === lease);
    expect(provider.alive(lease)).toEqual([]);
    for (const { goneAt } of made) expect(goneAt!).toBeLessThanOrEqual(endedAt!);
    expect(await failuresOf(lease)).toEqual([]);
  });

  test('answering 202 and never doing it: it is asked again until it is done', async () => {
    const lease = await ends({ call: taking, is: 'queued', times: 6, laterMs: 600_000 });
    await scene.look.becomes(lease, 'revoked', 40_000);
    expect(provider.alive(lease)).toEqual([]);
    expect(asked(lease, /take-token/).length).toBeGreaterThan(3);
  });

  test('refusing with 403: it is not taken for an end', async () => {
    const lease = await ends({ call: taking, is: 'forbidden', times: 2 });
    await scene.look.becomes(lease, 'revoked', 30_000);
    expect(await failuresOf(lease)).toEqual(['provider.refused']);
    expect(provider.alive(lease)).toEqual([]);
  });

  test('answering 404 because it is gone already: that is an end', async () => {
    const task = await scene.openTask(api);
    const lease = await scene.lease(api, task);
    provider.takeAway(lease);
    await scene.end(api, task);
    await scene.look.becomes(lease, 'revoked', 30_000);
    const ofLease = (await typesOf(lease)).filter((type) => type.startsWith('lease.'));
    expect(ofLease).toEqual(['lease.reserved', 'lease.active', 'lease.revoking', 'lease.revoked']);
  });

  test('answering 429 with Retry-After: it is left in peace for that long', async () => {
    const lease = await ends({ call: /take-credential/, is: 'throttled', times: 1 });
    await scene.look.becomes(lease, 'revoked', 40_000);
    expect(await failuresOf(lease)).toEqual(['provider.throttled']);
    const [first, second] = asked(lease, /take-credential/);
    // It said four seconds.
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(4000);
    expect(provider.alive(lease)).toEqual([]);
  }, 60_000);

  test.each([
    ['the credential is gone and its token is not', /take-token/],
    ['the token is gone and its credential is not', /take-credential/],
  ])('half done, %s: it is not over before the other half is', async (_what, call) => {
    const lease = await ends({ call, is: 'error', times: 2 });
    await eventually('half of it is gone', () => provider.alive(lease).length === 1);
    expect((await scene.look.lease(lease))?.state).toBe('revoking');
    await scene.look.becomes(lease, 'revoked', 40_000);
    expect(await failuresOf(lease)).toEqual(Array(2).fill('provider.unavailable'));
    expect(provider.alive(lease)).toEqual([]);
  });
});
