import { beforeEach, describe, expect, test } from '@jest/globals';
import { ready } from '../../src/broker/ready.js';
import { Fault } from '../../src/kernel/fault.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { ending, leased, openLedger, world } from './revoking.js';

let ledger: Ledger;
beforeEach(async () => {
  ledger = await openLedger();
});

describe('whether the broker is ready', () => {
  test('it is while nothing is late, and names every provider that it looked at', async () => {
    const { ports } = world(ledger, pretendProvider());
    await leased(ports);
    expect(await ready(ports)).toEqual({
      ready: true,
      checks: [
        { name: 'state', ok: true },
        { name: 'revocations of pretend', ok: true },
        { name: 'state has room', ok: true },
      ],
    });
  });

  test('OPS-03: it is not while a revocation is later than the settings allow, and says how late', async () => {
    const { ports } = world(ledger, pretendProvider());
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    const leases = { ...ledger.leases, overdueMs: () => Promise.resolve(61_000) };
    const answer = await ready({ ...ports, ledger: { ...ledger, leases } });
    expect(answer).toMatchObject({ ready: false });
    expect(answer.checks).toContainEqual({
      name: 'revocations of pretend',
      ok: false,
      detail: 'the oldest open revocation is 61 s old',
    });
  });

  test('rule 9: it is with records in quarantine too, and says how many', async () => {
    const { ports } = world(ledger, pretendProvider());
    const leases = { ...ledger.leases, quarantined: () => Promise.resolve(2) };
    const answer = await ready({ ...ports, ledger: { ...ledger, leases } });
    expect(answer.ready).toBe(true);
    expect(answer.checks).toContainEqual({ name: 'records in quarantine: 2', ok: true });
  });

  test('I7: a store that is nearly full is told, and keeps it in service: revoking and the kill switch go on', async () => {
    const { ports } = world(ledger, pretendProvider());
    const answer = await ready({ ...ports, ledger: { ...ledger, usedShare: () => Promise.resolve(0.814) } });
    expect(answer.ready).toBe(true);
    expect(answer.checks).toContainEqual({
      name: 'state has room',
      ok: false,
      detail: '81 % of its memory is used',
    });
  });

  test.each(['state.rolled_back', 'state.unavailable'] as const)(
    'it is not while the guard of its state admits nothing: %s',
    async (code) => {
      const { ports } = world(ledger, pretendProvider());
      const admit = () => {
        throw new Fault(code, 'no');
      };
      const guard = { admit, hasGoneBack: () => code === 'state.rolled_back', mustHold: () => undefined };
      const answer = await ready({ ...ports, guard });
      expect(answer.ready).toBe(false);
      expect(answer.checks).toContainEqual({
        name: 'state is no older than it was',
        ok: false,
        detail: code,
      });
    },
  );

  test('I7: it is not while its state is away, and does not say where that is', async () => {
    const { ports } = world(ledger, pretendProvider());
    const check = () => Promise.reject(new Fault('state.unavailable', 'connect ECONNREFUSED 10.0.0.1'));
    expect(await ready({ ...ports, ledger: { ...ledger, check } })).toEqual({
      ready: false,
      checks: [{ name: 'state', ok: false, detail: 'the state store does not answer' }],
    });
  });
});
