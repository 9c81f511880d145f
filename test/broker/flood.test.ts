import { expect, test } from '@jest/globals';
import type { AuditEvent } from '../../src/audit/event.js';
import { flood } from '../../src/broker/flood.js';

test('OPS-05: a thousand equal refusals are told as the first and a count: aggregated, never dropped', async () => {
  const told: AuditEvent[] = [];
  const refusals = flood((event) => Promise.resolve(void told.push(event)), 60_000);
  for (let i = 0; i < 1000; i++) await refusals.tell({ type: 'identity.refused', reason: 'svid.expired' });
  await refusals.tell({ type: 'identity.refused', reason: 'svid.audience' });
  expect(told).toEqual([
    { type: 'identity.refused', reason: 'svid.expired', count: 1 },
    { type: 'identity.refused', reason: 'svid.audience', count: 1 },
  ]);
  await refusals.close();
  expect(told.slice(2)).toEqual([{ type: 'identity.refused', reason: 'svid.expired', count: 999 }]);
});

test('each caller has so many records of its own in a window', async () => {
  const refusals = flood(() => Promise.resolve(), 60_000);
  const some = (caller: string) => Array.from({ length: 60 }, () => refusals.hasRoomFor(caller));
  expect(some('a').filter(Boolean)).toHaveLength(50);
  expect(some('b').filter(Boolean)).toHaveLength(50);
  await refusals.close();
  expect(refusals.hasRoomFor('a')).toBe(true);
});

test('the next window begins with a record of its own', async () => {
  const told: AuditEvent[] = [];
  const refusals = flood((event) => Promise.resolve(void told.push(event)), 60_000);
  await refusals.tell({ type: 'hook.refused', source: 'ci', reason: 'forged' });
  await refusals.close();
  await refusals.tell({ type: 'hook.refused', source: 'ci', reason: 'forged' });
  expect(told).toHaveLength(2);
});

test('a refusal that cannot be written is told to who caused it', async () => {
  const refusals = flood(() => Promise.reject(new Error('away')), 60_000);
  await expect(refusals.tell({ type: 'hook.refused', source: 'ci', reason: 'forged' })).rejects.toThrow(
    'away',
  );
});

test('OPS-05: a count that could not be written is kept, and written with what came after it', async () => {
  const told: AuditEvent[] = [];
  let away = false;
  const refusals = flood(
    (event) => (away ? Promise.reject(new Error('away')) : Promise.resolve(void told.push(event))),
    60_000,
  );
  const refuse = () => refusals.tell({ type: 'identity.refused', reason: 'svid.expired' });
  for (let n = 0; n < 10; n += 1) await refuse();
  away = true;
  await expect(refusals.close()).rejects.toThrow('away');
  away = false;
  for (let n = 0; n < 5; n += 1) await refuse();
  await refusals.close();
  expect(
    told.map((event) => 'count' in event && event.count).reduce((a, b) => Number(a) + Number(b), 0),
  ).toBe(15);
});
