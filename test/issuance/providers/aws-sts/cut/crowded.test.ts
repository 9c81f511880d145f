import { expect, test } from '@jest/globals';
import type { Place, Standing } from '../../../../../src/issuance/providers/aws-sts/cut/place.js';
import { type Group, openWriter } from '../../../../../src/issuance/providers/aws-sts/cut/writer.js';
import { lookAfter } from '../../../../../src/issuance/providers/aws-sts/cut/upkeep.js';
import type { Enrolled, ProviderWorld } from '../../../../../src/issuance/world.js';
import { redisLedger } from '../../../../../src/ledger/redis-ledger.js';
import { worldOn } from '../../../../fake/provider-world.js';
import { backends, connected, uniquePrefix } from '../../../../setup/backends.js';
import { judged, now } from './judge.js';

const at = now * 1000;
const mark = (n: number) => String(n).padStart(6, '0');

/** Taken 50 minutes ago, and renewed ten minutes ago where that is said. */
const held = (n: number, over: Partial<Enrolled> = {}): Enrolled => ({
  leaseId: `lse_t${String(n).padStart(7, '0')}${mark(n)}`,
  taskId: `tsk_t${String(n).padStart(7, '0')}`,
  handle: { ttlSeconds: 3600 },
  live: true,
  reservedAt: at - 3_000_000,
  renewedAt: at - 600_000,
  expiresAt: at + 3_000_000,
  taskClosed: false,
  taskSpoiled: false,
  ...over,
});
const nameOf = (n: number) => `j.t${String(n).padStart(7, '0')}.${mark(n)}`;

/** Twenty that were renewed, and forty that have ended since, each of an age of its own. */
const leases = [
  ...Array.from({ length: 20 }, (_, n) => held(n)),
  ...Array.from({ length: 40 }, (_, n) =>
    held(100 + n, {
      live: false,
      taskClosed: true,
      reservedAt: at - 2_000_000 + n * 1000,
      renewedAt: undefined as never,
      expiresAt: at + 1_600_000 + n * 1000,
      revocationRequestedAt: at - 1000,
    }),
  ),
].map(({ renewedAt, ...lease }) => ({ ...lease, ...(renewedAt !== undefined && { renewedAt }) }));

/** A place of so many characters, at the time of the tests. */
function placeOf(capacity: number): Place & { readonly standing: Standing[] } {
  const standing: Standing[] = [];
  return {
    standing,
    capacity: () => Promise.resolve(capacity),
    look: () =>
      Promise.resolve({
        time: { at, aheadFrom: 0, aheadUntil: 0 },
        epochs: standing.map(({ epoch }) => epoch),
      }),
    read: () => Promise.resolve(standing),
    put(_look, epoch, text) {
      standing.splice(0, 1, { epoch, text });
      return Promise.resolve(epoch);
    },
    clear: () => Promise.resolve(),
  };
}

async function writtenInto(capacity: number) {
  const ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
  const world = worldOn(ledger, 'aws');
  const place = placeOf(capacity);
  const group: Group = {
    name: 'role:r',
    place,
    document: { prefix: 'j', longestSeconds: 3600, subject: 'aws:userid' },
    rows: { subject: 'aws:userid', mintTimeoutMs: 20_000, effectiveAfterMs: 60_000 },
    openProbe: undefined,
  };
  const roster = () => Promise.resolve({ readAt: at, leases, lost: [] });
  const inWorld: ProviderWorld = { ...world, shared: { ...world.shared, roster } };
  const writer = openWriter(group, inWorld);
  const { written } = await writer.write([]);
  return { written, text: place.standing[0]!.text, group, writer, inWorld };
}
const session = (name: string, ago: number) => ({ name, issuedSeconds: now - ago });

test('4.4b a document with room spares every session of a live lease, the replaced ones too', async () => {
  const { written, text } = await writtenInto(4000);
  expect(written.gaveUpReplaced).toBe(false);
  for (const ago of [3000, 600]) expect(await judged(session(nameOf(3), ago), [text])).toBe('allowed');
  expect(await judged(session(nameOf(103), 1990), [text])).toBe('explicitly_denied');
});

test('4.4b a crowded one denies those that a renewal has replaced, and is shorter for it; no lease is cut off', async () => {
  const roomy = await writtenInto(4000);
  const capacity = roomy.written.size;
  const { written, text, group, writer, inWorld } = await writtenInto(capacity);
  expect(written).toMatchObject({ gaveUpReplaced: true, capacity });
  expect(written.size).toBeLessThan(0.9 * capacity);
  for (let n = 0; n < 20; n++) {
    expect(await judged(session(nameOf(n), 3000), [text])).toBe('explicitly_denied');
    for (const ago of [620, 600]) expect(await judged(session(nameOf(n), ago), [text])).toBe('allowed');
  }
  for (let n = 100; n < 140; n++)
    expect(await judged(session(nameOf(n), 1960), [text])).toBe('explicitly_denied');

  // Beside the one before, which spared them, and for whoever looks after it, it is right as it is.
  expect(await judged(session(nameOf(3), 600), [roomy.text, text])).toBe('allowed');
  const later = { ...inWorld, clock: () => inWorld.clock() + 60_000 };
  expect(await lookAfter(group, writer, later)).toBeUndefined();
});
