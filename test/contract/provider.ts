import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Handle, Order, Provider } from '../../src/issuance/provider.js';
import { Fault, type FaultCode } from '../../src/kernel/fault.js';
import { effectOf, eventually, expectFault, issue, revokeFully, stringsOf } from './provider-acts.js';

/** How a backend can fail, and the fault that must come of it. */
export const breakages = {
  gone: 'provider.unavailable',
  failing: 'provider.unavailable',
  silent: 'provider.timeout',
  refusing: 'provider.refused',
  throttling: 'provider.throttled',
  nonsense: 'provider.nonsense',
} as const satisfies Record<string, FaultCode>;

export type Breakage = keyof typeof breakages;

/** A provider and the backend behind it, which speaks its real protocol and can be looked into. */
export interface OpenProvider<Scope> {
  readonly provider: Provider<Scope>;
  /** A new order each time, for a lease id that was never used. */
  readonly order: () => Order<Scope>;
  /** Uses the secret the way an agent would. False means that the backend refused it, and nothing else. */
  readonly works: (secret: Readonly<Record<string, unknown>>) => Promise<boolean>;
  /** Fields of the secret that are no secret (an access key id, an expiry) and may stand in a handle. */
  readonly publicFields?: readonly string[];
  /** Secrets of the broker itself, which may appear nowhere. */
  readonly canaries: readonly string[];
  /** Requests that have reached the backend. */
  readonly calls: () => number;
  /** Breaks every request from now on. `silent`: within the provider's timeout nothing is answered. */
  readonly break: (how: Breakage) => Promise<void>;
  /** What the backend says while refusing; it may be logged, and never shown. */
  readonly upstreamText: string;
  /** Carries out the nth request from now (1 is the next), loses its answer, and is well again. */
  readonly loseAnswer: (nth: number) => Promise<void>;
  /** Credentials of this lease that live at the backend; needed where the effect is `revoked_at_provider`. */
  readonly alive?: (order: Order<Scope>) => Promise<number>;
  /** Connections that are open to the backend. */
  readonly connections: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Providers count whole seconds. */
const roundingMs = 1000;

/** What every provider promises, whatever stands behind it. `open` is called once per test. */
export function providerContract<Scope>(name: string, open: () => Promise<OpenProvider<Scope>>): void {
  describe(`provider contract: ${name}`, () => {
    const opened: OpenProvider<Scope>[] = [];
    const start = async () => {
      const backed = await open();
      opened.push(backed);
      return backed;
    };
    afterEach(async () => {
      for (const backed of opened.splice(0)) {
        await backed.provider.close();
        await backed.close();
      }
    });

    test('planning is pure and repeatable, and calls nobody', async () => {
      const { provider, order, calls } = await start();
      const before = calls();
      const asked = Object.freeze(order());
      const handle = provider.plan(asked);
      expect(provider.plan(structuredClone(asked))).toEqual(handle);
      expect(provider.plan(order())).not.toEqual(handle);
      expect(JSON.parse(JSON.stringify(handle))).toEqual(handle);
      expect(provider.effect(asked.scope)).toBe(provider.effect(asked.scope));
      expect(calls()).toBe(before);
    });

    test('the check passes while the backend is well', async () => {
      const { provider } = await start();
      await provider.check();
    });

    test('ISS-01 what is issued works, and ends no later than was ordered', async () => {
      const { provider, order, works } = await start();
      const asked = order();
      const { issued } = await issue(provider, asked);
      expect(await works(issued.secret.reveal())).toBe(true);
      if (issued.expiresAt !== undefined)
        expect(issued.expiresAt).toBeLessThanOrEqual(Date.now() + asked.ttlSeconds * 1000);
    });

    test('ISS-05 no handle holds anything of the secret, nor of the broker', async () => {
      const { provider, order, canaries, publicFields = [] } = await start();
      const { issued, handles } = await issue(provider, order());
      const secrets = stringsOf(issued.secret.reveal(), publicFields);
      expect(secrets.length).toBeGreaterThan(0);
      const stored = JSON.stringify(handles);
      for (const secret of [...secrets, ...canaries]) expect(stored).not.toContain(secret);
      expect(inspect(issued, { depth: Infinity, showHidden: true })).not.toContain(secrets[0]);
      for (const handle of handles)
        for (const value of Object.values(handle))
          expect(['string', 'number', 'boolean']).toContain(typeof value);
    });

    test('ISS-07 what is revoked is refused, and its neighbour is left alone', async () => {
      const { provider, order, works } = await start();
      const asked = order();
      const first = await issue(provider, asked);
      const second = await issue(provider, order());
      const end = await revokeFully(provider, first.last);
      if (effectOf(provider, asked, first.issued) === 'revoked_at_provider') {
        expect(end).toBe('revoked');
        expect(await works(first.issued.secret.reveal())).toBe(false);
      } else expect(end).not.toBe('pending');
      if (effectOf(provider, asked, first.issued) === 'denied_by_policy') {
        expect(end).toBe('written');
        const alive = async () => Number(await works(first.issued.secret.reveal()));
        expect(await eventually(alive, 0)).toBe(0);
      }
      expect(await works(second.issued.secret.reveal())).toBe(true);
    });

    test('revoking twice is revoking once, at the same time too', async () => {
      const { provider, order } = await start();
      const { last } = await issue(provider, order());
      const ends = await Promise.all([revokeFully(provider, last), revokeFully(provider, last)]);
      expect(new Set([...ends, await revokeFully(provider, last)]).size).toBe(1);
    });

    test('revoking what was never issued succeeds', async () => {
      const { provider, order } = await start();
      expect(await revokeFully(provider, provider.plan(order()))).not.toBe('pending');
    });

    test('what is renewed works on to a later end, and the same handle takes it back', async () => {
      const { provider, order, works, alive } = await start();
      if (!provider.renew) return;
      const asked = order();
      const { issued, last } = await issue(provider, asked);
      const before = issued.expiresAt;
      if (before === undefined) {
        await expect(provider.renew(asked, last)).rejects.toMatchObject({ code: 'lease.not_renewable' });
        return;
      }
      const longer = { ...asked, ttlSeconds: Math.min(asked.ttlSeconds * 2, asked.ceilingSeconds) };
      const renewed = await provider.renew(longer, last);
      // Ends in whole seconds: a slice that is cut in the same second ends in the same one.
      expect(renewed.expiresAt).toBeGreaterThanOrEqual(before);
      expect(renewed.expiresAt).toBeLessThanOrEqual(Date.now() + longer.ttlSeconds * 1000);
      const secret = (renewed.secret ?? issued.secret).reveal();
      expect(await works(secret)).toBe(true);
      const again = await provider.renew(asked, last);
      expect(await works((again.secret ?? renewed.secret ?? issued.secret).reveal())).toBe(true);
      const end = await revokeFully(provider, last);
      if (effectOf(provider, asked, issued) !== 'revoked_at_provider') return;
      expect(end).toBe('revoked');
      expect(await works(secret)).toBe(false);
      if (alive) expect(await eventually(() => alive(asked), 0)).toBe(0);
      await expect(provider.renew(longer, last)).rejects.toBeInstanceOf(Fault);
      if (alive) expect(await alive(asked)).toBe(0);
    });

    test('ISS-01 renewing never carries a credential past the ceiling of its order', async () => {
      const { provider, order } = await start();
      if (!provider.renew) return;
      const asked = order();
      const { issued, last } = await issue(provider, asked);
      if (issued.expiresAt === undefined) return;
      const bound = Date.now() + asked.ceilingSeconds * 1000;
      for (const ttlSeconds of [asked.ceilingSeconds, asked.ceilingSeconds * 2]) {
        const came: unknown = await provider.renew({ ...asked, ttlSeconds }, last).then(
          ({ expiresAt }) => expiresAt,
          (error: unknown) => error,
        );
        if (typeof came === 'number') expect(came).toBeLessThanOrEqual(bound + roundingMs);
        else expect(came).toMatchObject({ code: 'lease.at_ceiling' });
      }
    });

    test('ISS-05 no renewal shows a secret, and a backend that fails it becomes the fault it is', async () => {
      for (const [how, code] of Object.entries(breakages) as [Breakage, FaultCode][]) {
        const backed = await start();
        const { provider, order } = backed;
        const asked = order();
        const { issued, last } = await issue(provider, asked);
        if (!provider.renew || issued.expiresAt === undefined) return;
        await backed.break(how);
        await expectFault(backed, code, () => provider.renew!(asked, last));
      }
    });

    test('I2 cut off after any call of a renewal, the handle leaves nothing alive', async () => {
      const { provider, order, calls, loseAnswer, alive } = await start();
      if (!provider.renew || !alive || provider.effect(order().scope) !== 'revoked_at_provider') return;
      const whole = order();
      const { last } = await issue(provider, whole);
      const before = calls();
      await provider.renew(whole, last);
      const count = calls() - before;
      for (let nth = 1; nth <= count; nth++) {
        const asked = order();
        const one = await issue(provider, asked);
        await loseAnswer(nth);
        await expect(provider.renew(asked, one.last)).rejects.toBeInstanceOf(Fault);
        expect(await revokeFully(provider, one.last)).toBe('revoked');
        expect({ nth, alive: await eventually(() => alive(asked), 0) }).toEqual({ nth, alive: 0 });
      }
    });

    for (const [how, code] of Object.entries(breakages) as [Breakage, FaultCode][]) {
      test(`a backend that is ${how} becomes ${code} on issuing, with no secret in it`, async () => {
        const backed = await start();
        await issue(backed.provider, backed.order());
        await backed.break(how);
        await expectFault(backed, code, () => issue(backed.provider, backed.order()));
      });
    }

    test('a backend that is gone, silent or throttling never passes for a revocation', async () => {
      for (const how of ['gone', 'silent', 'throttling', 'failing'] as const) {
        const backed = await start();
        const { provider, order } = backed;
        const asked = order();
        const { issued, last } = await issue(provider, asked);
        const promised = ['revoked_at_provider', 'denied_by_policy'];
        if (!promised.includes(effectOf(provider, asked, issued))) continue;
        await backed.break(how);
        await expectFault(backed, breakages[how], () => provider.revoke(last));
      }
    });

    test('the check fails with the fault that issuing would meet', async () => {
      const backed = await start();
      await backed.break('gone');
      await expectFault(backed, 'provider.unavailable', () => backed.provider.check());
    });

    test('I2 cut off after any call, the last learned handle leaves nothing alive', async () => {
      const { provider, order, calls, loseAnswer, alive } = await start();
      if (provider.effect(order().scope) !== 'revoked_at_provider') return;
      if (!alive) throw new Error('alive() is needed where revocation is at the provider');
      await issue(provider, order());
      const before = calls();
      const whole = order();
      await issue(provider, whole);
      const count = calls() - before;
      expect(count).toBeGreaterThan(0);
      expect(await alive(whole)).toBeGreaterThan(0);
      for (let nth = 1; nth <= count; nth++) {
        const asked = order();
        const stored: Handle[] = [provider.plan(asked)];
        await loseAnswer(nth);
        await issue(provider, asked, stored).catch((error: unknown) => expect(error).toBeInstanceOf(Fault));
        expect(await revokeFully(provider, stored.at(-1)!)).toBe('revoked');
        expect({ nth, alive: await eventually(() => alive(asked), 0) }).toEqual({ nth, alive: 0 });
      }
    });

    test('I2 when a better handle cannot be stored, nothing is handed over and nothing stays alive', async () => {
      const { provider, order, alive } = await start();
      const counted: Handle[] = [];
      await issue(provider, order(), counted);
      for (let nth = 0; nth < counted.length; nth++) {
        const asked = order();
        const stored: Handle[] = [provider.plan(asked)];
        let asks = 0;
        const failing = provider.issue(asked, stored[0]!, async (better) => {
          if (asks++ === nth) throw new Fault('state.unavailable', 'The store is gone.');
          stored.push(better);
        });
        await expect(failing).rejects.toMatchObject({ code: 'state.unavailable' });
        expect(await revokeFully(provider, stored.at(-1)!)).not.toBe('pending');
        if (alive && provider.effect(asked.scope) === 'revoked_at_provider')
          expect(await eventually(() => alive(asked), 0)).toBe(0);
      }
    });

    test('closing leaves no connection open, and closing twice is closing once', async () => {
      const { provider, order, connections } = await start();
      await issue(provider, order());
      await provider.close();
      await provider.close();
      expect(await eventually(connections, 0)).toBe(0);
    });
  });
}
