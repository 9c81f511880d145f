import { expect, test } from '@jest/globals';
import { openBreaker } from '../../src/broker/breaker.js';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import { grant } from '../../src/broker/grant.js';
import { revoke } from '../../src/broker/revoke.js';
import { openTask } from '../../src/broker/tasks.js';
import { Fault } from '../../src/kernel/fault.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { longestRetryMs } from '../../src/revocation/retry.js';
import { agent, brokerPorts } from '../fake/broker-ports.js';
import { clockedRedis } from '../fake/clocked-redis.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import type { PretendProvider } from '../fake/pretend-provider.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const outageMs = 600_000;
const each = 20;

/** A broker with two providers, whose time is that of the store. Nothing moves but what the test moves. */
async function world(url: string) {
  const prefix = uniquePrefix();
  const time = await clockedRedis(await connected(url), prefix, 1_800_000_000_000);
  const ledger = redisLedger(time.redis, { prefix, claimMs: 8000 });
  await ledger.check();
  const [failing, sound] = [pretendProvider('failing'), pretendProvider('sound')];
  const breakers = { issuing: openBreaker(time.now), revoking: openBreaker(time.now) };
  const { ports } = brokerPorts(ledger, [failing, sound], { breakers });
  const deadlineAt = time.now() + 86_000_000;

  /** Active leases of a task of their own. */
  async function leases(provider: PretendProvider) {
    const task = await openTask(ports, agent, { intent: 't', deadlineAt, labels: {} });
    const asked = { task: task.id, credential: `${provider.name}-entry`, parameters: {} };
    const granted = await Promise.all(Array.from({ length: each }, () => grant(ports, agent, asked)));
    return { task: task.id, ids: granted.map(({ lease }) => lease.id) };
  }

  /** What a worker does: takes what is due, and makes one attempt at each. The next time something is due, or undefined. */
  async function work(): Promise<number | undefined> {
    const next: number[] = [];
    for (const provider of [failing, sound]) {
      const claimed = await dispatchDue(ports, provider.name, async (ids) => {
        for (const id of ids) await revoke(ports, id);
      });
      const again = await dispatchDue(ports, provider.name, () => Promise.resolve());
      if (claimed && again?.nextDueAt !== undefined) next.push(again.nextDueAt);
    }
    return next.length === 0 ? undefined : Math.min(...next);
  }

  /** Works at every moment at which something is due, until then. */
  async function workUntil(until: number): Promise<void> {
    for (let due = await work(); due !== undefined && due <= until; due = await work())
      await time.set(Math.max(time.now() + 1, due));
    if (time.now() < until) await time.set(until);
  }
  return { time, ledger, failing, sound, leases, workUntil };
}

test.each(backends)(
  'I3 a provider that is gone for ten minutes loses nothing: all stays open and is seen to be late, and is revoked when it is back, on $name',
  async ({ url }) => {
    const { time, ledger, failing, sound, leases, workUntil } = await world(url);
    const [theirs, others] = [await leases(failing), await leases(sound)];
    const stateOf = async (id: string) => (await ledger.leases.find(id))!;

    failing.failing.revoke = new Fault('provider.unavailable', 'gone');
    const goneAt = time.now();
    for (const { task } of [theirs, others])
      await ledger.tasks.end(task, { outcome: 'completed', by: 'op', via: 'api' });
    await workUntil(goneAt + 5000);
    expect(sound.live.size).toBe(0);
    for (const id of others.ids) expect(await stateOf(id)).toMatchObject({ state: 'revoked', attempts: 1 });

    await workUntil(goneAt + outageMs);
    expect([...failing.live].toSorted()).toEqual(theirs.ids.toSorted());
    for (const id of theirs.ids) expect((await stateOf(id)).state).toMatch(/^(revoking|stuck)$/);
    expect(await ledger.leases.overdueMs('failing')).toBe(outageMs);

    // One asks for all, again and again, while it does not answer.
    const asked = failing.calls.filter((call) => call.startsWith('revoke'));
    expect(asked.length).toBeGreaterThan(outageMs / 20_000);

    delete failing.failing.revoke;
    const backAt = time.now();
    await workUntil(backAt + longestRetryMs + 15_000);
    expect(failing.live.size).toBe(0);
    for (const id of theirs.ids) {
      const over = await stateOf(id);
      expect(over.state).toBe('revoked');
      expect(over.endedAt! - backAt).toBeLessThanOrEqual(longestRetryMs + 15_000);
    }
    expect(await ledger.leases.overdueMs('failing')).toBe(0);
    expect(await ledger.leases.counts()).toEqual([]);
  },
  60_000,
);
