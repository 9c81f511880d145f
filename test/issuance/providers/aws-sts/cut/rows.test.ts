import { expect, test } from '@jest/globals';
import { type RowOptions, rowsOf } from '../../../../../src/issuance/providers/aws-sts/cut/rows.js';
import { askedAt, type AwsTime } from '../../../../../src/issuance/providers/aws-sts/cut/time.js';
import type { Enrolled, Roster } from '../../../../../src/issuance/world.js';

const at = 1_800_000_000_000;
const time: AwsTime = { at, aheadFrom: -300, aheadUntil: 900 };
const options: RowOptions = { subject: 'aws:userid', mintTimeoutMs: 20_000, effectiveAfterMs: 60_000 };
const lease = (over: Partial<Enrolled> = {}): Enrolled => ({
  leaseId: 'lse_tAAAAAAA000001',
  taskId: 'tsk_tAAAAAAA',
  handle: { ttlSeconds: 900 },
  live: true,
  reservedAt: at - 100_000,
  expiresAt: at + 800_000,
  taskClosed: false,
  taskSpoiled: false,
  ...over,
});
const roster = (leases: Enrolled[], lost: Roster['lost'] = []): Roster => ({ readAt: at, leases, lost });
const rowOf = (of: Enrolled, more: Partial<RowOptions> = {}) =>
  rowsOf(roster([of]), [], time, { ...options, ...more })[0]!;

test('a live row counts from its reservation, on the clock of AWS as early as that may be', () => {
  expect(rowOf(lease({ mintUntil: at - 80_000 }))).toMatchObject({
    task: 'tAAAAAAA',
    lease: '000001',
    issuedFrom: (at - 101_000) / 1000,
  });
});

test('a dead row counts to its end less its lifetime', () => {
  expect(rowOf(lease({ live: false }))).toMatchObject({ issuedUntil: (at - 99_000) / 1000 });
});

test('while it may still be minted, to the end of that', () => {
  expect(rowOf(lease({ live: false, mintUntil: at + 15_000 })).issuedUntil).toBe((at + 16_000) / 1000);
});

test('when it was renewed, to what a renewal under way could still have made', () => {
  const renewed = lease({ live: false, renewedAt: at - 50_000, revocationRequestedAt: at - 10_000 });
  expect(rowOf(renewed).issuedUntil).toBe((at + 11_000) / 1000);
});

test('in the roles that a session goes on to, to when the deny must be in force', () => {
  const ended = lease({ live: false, revocationRequestedAt: at - 10_000 });
  expect(rowOf(ended, { subject: 'aws:SourceIdentity' }).issuedUntil).toBe((at + 51_000) / 1000);
});

test('what is asked to be denied is dead, whatever the roster says, and whether it is there or not', () => {
  const rows = rowsOf(
    roster([lease()]),
    [
      { name: 'tAAAAAAA.000001', unknownLease: true },
      { name: 'tBBBBBBB.000001', unknownLease: true },
    ],
    time,
    options,
  );
  expect(rows).toMatchObject([
    { task: 'tAAAAAAA', live: false, issuedUntil: at / 1000 + 2 },
    { task: 'tBBBBBBB', live: false, issuedUntil: at / 1000 + 2 },
  ]);
});

test('4.4b where room is short, a session counts from its last renewal, once that is five minutes ago', () => {
  const renewed = lease({ reservedAt: at - 2_000_000, renewedAt: at - 400_000, expiresAt: at + 500_000 });
  const from = (of: Enrolled, more: Partial<RowOptions> = {}) =>
    rowOf(of, { giveUpReplaced: true, ...more }).issuedFrom - at / 1000;
  expect(rowOf(renewed).issuedFrom).toBe((at - 2_001_000) / 1000);
  expect(from(renewed)).toBe(-421);
  expect(from({ ...renewed, renewedAt: at - 299_000 })).toBe(-2001);
  expect(from({ ...renewed, handle: { ttlSeconds: 900, slices: true } })).toBe(-2001);
  expect(from(renewed, { subject: 'aws:SourceIdentity' })).toBe(-2001);
  expect(from(lease())).toBe(-101);
});

test('a lease whose record is lost is dead', () => {
  const rows = rowsOf(roster([], [{ leaseId: 'lse_tAAAAAAA000001', mintedUntil: at }]), [], time, options);
  expect(rows).toMatchObject([
    { task: 'tAAAAAAA', lease: '000001', live: false, issuedUntil: at / 1000 + 1 },
  ]);
});

test('the clocks are known to lie as far apart as asking took, and a second', async () => {
  let now = at;
  const answered = () => {
    now += 250;
    return Promise.resolve({ value: 'x', date: at + 7000 });
  };
  const { time: known } = await askedAt(() => now, answered);
  expect(known).toEqual({ at: at + 7000, aheadFrom: 6750, aheadUntil: 8000 });
});

test('without a date AWS is taken to be as late as it may be', async () => {
  const { time: known } = await askedAt(
    () => at,
    () => Promise.resolve({ value: 'x', date: undefined }),
  );
  expect(known.at).toBeLessThan(at);
});
