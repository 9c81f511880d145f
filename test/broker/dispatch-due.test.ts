import { beforeEach, describe, expect, test } from '@jest/globals';
import { dispatchDue } from '../../src/broker/dispatch-due.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { pretendProvider } from '../fake/pretend-provider.js';
import { ending, leased, openLedger, world } from './revoking.js';

let ledger: Ledger;
beforeEach(async () => {
  ledger = await openLedger();
});

describe('putting to work what is due', () => {
  test('each due lease goes to the queue once, and the answer says when the next is due', async () => {
    const { ports, queued } = world(ledger, pretendProvider());
    const [one, two] = [await leased(ports), await leased(ports)];
    await ending(ledger, one.id);
    const { nextDueAt, now } = (await dispatchDue(ports, 'pretend'))!;
    expect(queued).toEqual([one.id]);
    expect(nextDueAt).toBeGreaterThan(now);
    expect(nextDueAt).toBeLessThanOrEqual(two.expiresAt);
    await dispatchDue(ports, 'pretend');
    expect(queued).toEqual([one.id]);
  });

  test('more than one claim holds goes out whole', async () => {
    const { ports, queued } = world(ledger, pretendProvider());
    const leases = { ...ledger.leases };
    let left = 1201;
    leases.claimDue = (_provider, limit) => {
      const leaseIds = Array.from({ length: Math.min(limit, left) }, (_, i) => `lse_${left - i}`);
      left -= leaseIds.length;
      return Promise.resolve({ leaseIds, now: 1, nextDueAt: undefined });
    };
    expect(await dispatchDue({ ...ports, ledger: { ...ledger, leases } }, 'pretend')).toEqual({
      now: 1,
      nextDueAt: undefined,
    });
    expect(new Set(queued).size).toBe(1201);
  });

  test('I8: what the queue did not take is due again when its claim has run out', async () => {
    ledger = await openLedger(0);
    const { ports, queued } = world(ledger, pretendProvider());
    const lease = await leased(ports);
    await ending(ledger, lease.id);
    const away = { ...ports.queue, add: () => Promise.reject(new Error('away')) };
    expect(await dispatchDue({ ...ports, queue: away }, 'pretend')).toBeUndefined();
    await dispatchDue(ports, 'pretend');
    expect(queued).toContain(lease.id);
  });
});
