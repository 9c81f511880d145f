import { expect, test } from '@jest/globals';
import { keepBrokerToken, type Held } from '../../../../src/issuance/providers/vault/broker-token.js';
import { Fault } from '../../../../src/kernel/fault.js';
import { Secret } from '../../../../src/kernel/secret.js';

/** A keeper whose time and timers the test moves. Tokens live an hour and are called t1, t2 ... */
function keeping(more: { lifeMs?: number; renewable?: boolean } = {}) {
  const { lifeMs = 3_600_000, renewable = true } = more;
  const world = {
    now: 0,
    logins: 0,
    renewals: 0,
    renewedLifeMs: lifeMs,
    fault: undefined as Fault | undefined,
  };
  let timer: { at: number; run: () => void } | undefined;
  const delays: number[] = [];
  const held = (token: Secret, life: number): Held => ({
    token,
    renewable,
    lifeMs: life,
    endsAt: world.now + life,
  });
  const keeper = keepBrokerToken({
    clock: () => world.now,
    login: async () => {
      if (world.fault) throw world.fault;
      return held(new Secret(`t${++world.logins}`), lifeMs);
    },
    renew: async (token) => {
      if (world.fault) throw world.fault;
      world.renewals++;
      return held(token, world.renewedLifeMs);
    },
    later(delayMs, run) {
      delays.push(delayMs);
      const mine = { at: world.now + delayMs, run };
      timer = mine;
      return () => {
        if (timer === mine) timer = undefined;
      };
    },
  });
  return {
    keeper,
    world,
    delays,
    current: async () => (await keeper.current()).reveal(),
    /** Moves the time, running what falls due, and lets what it started finish. */
    pass: async (ms: number) => {
      const until = world.now + ms;
      while (timer && timer.at <= until) {
        const { at, run } = timer;
        timer = undefined;
        world.now = at;
        run();
        await new Promise((resolve) => setImmediate(resolve));
      }
      world.now = until;
    },
    pending: () => timer !== undefined,
  };
}

const away = () => new Fault('provider.unavailable', 'away');
const refusal = () => new Fault('provider.refused', 'no');

test('callers at the same time share one login', async () => {
  const { current, world } = keeping();
  expect(await Promise.all([current(), current(), current()])).toEqual(['t1', 't1', 't1']);
  expect(world.logins).toBe(1);
});

test('an idle broker renews before a third of the life is all that remains, again and again', async () => {
  const { current, world, pass } = keeping();
  await current();
  await pass(10 * 3_600_000);
  expect(world.logins).toBe(1);
  expect(world.renewals).toBe(15);
  expect(await current()).toBe('t1');
});

test('without a timer, a caller who comes late renews first', async () => {
  const { current, world } = keeping();
  await current();
  world.now += 2_500_000;
  expect(await current()).toBe('t1');
  expect(world.renewals).toBe(1);
});

test('a token whose renewal gives it less and less is replaced by a new login', async () => {
  const { current, world, pass } = keeping();
  await current();
  world.renewedLifeMs = 600_000;
  await pass(2_400_000);
  expect(await current()).toBe('t2');
});

test('a token that cannot be renewed is replaced before it ends', async () => {
  const { current, pass, world } = keeping({ renewable: false });
  await current();
  await pass(2_400_000);
  expect([await current(), world.renewals]).toEqual(['t2', 0]);
});

test('a token whose renewal is refused is replaced', async () => {
  const { current, world, keeper } = keeping();
  await current();
  world.now += 2_500_000;
  world.fault = refusal();
  await expect(keeper.current()).resolves.toBeInstanceOf(Secret);
  world.fault = undefined;
  world.now += 1_000_000;
  expect(await current()).toBe('t1');
});

test('while Vault is away the token is used to its end, asked for again, and its keeping never stops', async () => {
  const { current, world, pass, keeper, pending } = keeping();
  await current();
  world.fault = away();
  await pass(3_000_000);
  expect(await current()).toBe('t1');
  await pass(700_000);
  await expect(keeper.current()).rejects.toMatchObject({ code: 'provider.unavailable' });
  expect(pending()).toBe(true);
  world.fault = undefined;
  await pass(10_000);
  expect(world.logins).toBe(2);
});

test('a failed first login is told to the caller and tried again for the next', async () => {
  const { current, world, keeper } = keeping();
  world.fault = refusal();
  await expect(keeper.current()).rejects.toMatchObject({ code: 'provider.refused' });
  world.fault = undefined;
  expect(await current()).toBe('t1');
});

test('a refused token is replaced once; a young one is not, for another would lack the right too', async () => {
  const { current, world, keeper } = keeping();
  const first = await keeper.current();
  expect(await keeper.refused(first)).toBe(false);
  world.now += 60_000;
  expect(await Promise.all([keeper.refused(first), keeper.refused(first)])).toEqual([true, true]);
  expect(world.logins).toBe(2);
  expect(await keeper.refused(first)).toBe(true);
  expect(await current()).toBe('t2');
});

test('no timer is set for longer than a timer can be, nor for a token without end', async () => {
  const long = keeping({ lifeMs: 400 * 86_400_000 });
  await long.current();
  expect(Math.max(...long.delays)).toBeLessThan(2 ** 31);
  await long.pass(30 * 86_400_000);
  expect(long.world.renewals).toBe(0);
  const endless = keeping({ lifeMs: Infinity });
  await endless.current();
  expect(endless.pending()).toBe(false);
});

test('closing calls off the timer, and a renewal under way sets no other', async () => {
  const { current, keeper, pending } = keeping();
  const asking = current();
  keeper.close();
  await asking;
  expect(pending()).toBe(false);
});
