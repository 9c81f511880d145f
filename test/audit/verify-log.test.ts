import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eventDigest, recordHash } from '../../src/audit/chain.js';
import { verifyLog } from '../../src/audit/verify-log.js';
import { checkpointAt, logOf, next, rewritten, verified } from './logging.js';
import type { Line } from './logging.js';

const log = logOf(20);

test('a whole log is whole, and says how far it goes', async () => {
  const last = log.at(-1)!;
  expect(await verified(log, { checkpoints: [checkpointAt(log[9]!), checkpointAt(last)] })).toEqual({
    chain: last.chain,
    first: 1,
    last: 20,
    hash: last.hash,
    records: 20,
    hidden: 0,
    absent: 0,
    proven: 20,
    checkpoints: 2,
    covered: 20,
  });
});

test.each([
  [
    'changed',
    [...log.slice(0, 6), { ...log[6]!, event: { ...log[6]!.event, reason: 'x' } }, ...log.slice(7)],
    7,
  ],
  ['missing', [...log.slice(0, 6), ...log.slice(7)], 7],
  ['missing', log.slice(1), 1],
  ['reordered', [...log.slice(0, 6), log[7]!, log[6]!, ...log.slice(8)], 7],
  ['inserted', [...log.slice(0, 7), next(log.slice(0, 6), { type: 'policy.loaded' }), ...log.slice(7)], 8],
  ['broken', [...log.slice(0, 6), next(log.slice(0, 6), { type: 'policy.loaded' }), ...log.slice(7)], 8],
  ['inserted', [...log.slice(0, 6), ...logOf(7, 'chn_other').slice(6), ...log.slice(7)], 7],
])('AUD-03: a record that is %s is found at the first place that is wrong', async (kind, lines, line) => {
  expect((await verified(lines)).flaw).toMatchObject({ kind, line });
});

test('AUD-03: a tail that was cut is told by a checkpoint, or by a head that is known', async () => {
  const cut = log.slice(0, 15);
  const { seq, hash } = log[17]!;
  for (const options of [{ checkpoints: [checkpointAt(log[17]!)] }, { head: { seq, hash } }])
    expect((await verified(cut, options)).flaw).toMatchObject({ kind: 'cut', line: 16, seq: 16 });
  expect((await verified([], { head: { seq, hash } })).flaw).toMatchObject({ kind: 'cut', seq: 1 });
  expect((await verified([], { checkpoints: [checkpointAt(log[9]!)] })).flaw).toMatchObject({
    kind: 'cut',
    line: 1,
    seq: 1,
  });
  expect((await verified(cut)).flaw).toBeUndefined();
});

test('AUD-03: a log that was written anew from some record on contradicts the checkpoint behind it', async () => {
  const forged = rewritten(log, 5, { type: 'policy.loaded' });
  expect((await verified(forged)).flaw).toBeUndefined();
  const checkpoints = [checkpointAt(log[2]!), checkpointAt(log[9]!)];
  expect((await verified(forged, { checkpoints })).flaw).toMatchObject({ kind: 'contradicted', line: 10 });
});

test('a log of another chain altogether does not pass for want of a checkpoint', async () => {
  const other = logOf(20, 'chn_other');
  const { flaw } = await verified(other, { checkpoints: [checkpointAt(log[9]!)] });
  expect(flaw).toMatchObject({ kind: 'contradicted' });
});

test('a checkpoint that an anchor was told twice is one', async () => {
  const twice = log.flatMap((line) => [checkpointAt(line), checkpointAt(line)]);
  expect(await verified(log, { checkpoints: twice })).toMatchObject({ checkpoints: log.length });
});

test('a checkpoint that does not agree is not counted as one that does', async () => {
  const forged = rewritten(log, 5, { type: 'policy.loaded' });
  const checkpoints = [checkpointAt(log[2]!), checkpointAt(log[9]!), checkpointAt(log[12]!)];
  expect(await verified(forged, { checkpoints })).toMatchObject({ checkpoints: 1, covered: 3 });
});

test.each([
  ['not JSON', '{'],
  ['no object', '[]'],
  ['a name that stands twice', JSON.stringify(log[0]).replace('"type"', '"type":"lease.active","type"')],
  ['more than a record', JSON.stringify({ ...log[0], note: 'looks fine' })],
  ['another time than that of its id', JSON.stringify({ ...log[0], at: log[1]!.at })],
])('a line that is %s is not passed over', async (_what, text) => {
  const lines = (async function* () {
    yield text;
  })();
  expect((await verifyLog(lines)).flaw).toMatchObject({ kind: 'unreadable', line: 1 });
});

const hidden = ({ event, ...place }: Line) => ({ ...place, digest: eventDigest(event) });

test('records that show only their digest keep the chain whole, and cannot be taken out', async () => {
  const export_ = log.map((line) => (line.seq % 5 === 0 ? line : hidden(line)));
  const checkpoints = [checkpointAt(log.at(-1)!)];
  expect(await verified(export_, { checkpoints })).toMatchObject({ records: 20, hidden: 16, covered: 20 });
  const without = export_.filter(({ seq }) => seq !== 10);
  expect((await verified(without, { checkpoints })).flaw).toMatchObject({ kind: 'missing', seq: 11 });
});

test('a part of a log says what is not there, and what is there is still verified', async () => {
  const part = [log[4]!, log[9]!, log[14]!];
  expect((await verified(part)).flaw).toMatchObject({ kind: 'missing' });
  const checkpoints = [checkpointAt(log[9]!), checkpointAt(log[13]!)];
  expect(await verified(part, { partial: true, checkpoints })).toMatchObject({
    records: 3,
    absent: 12,
    checkpoints: 2,
    covered: 14,
  });
  const changed = { ...log[9]!, event: { type: 'policy.loaded' } };
  expect((await verified([log[4]!, changed], { partial: true })).flaw).toMatchObject({ kind: 'changed' });
});

test('it is said which records are not shown, and which are not there', async () => {
  const part = log.filter(({ seq }) => ![4, 5, 9].includes(seq));
  const shown = part.map((line) => ([1, 2, 7].includes(line.seq) ? hidden(line) : line));
  expect(await verified(shown, { partial: true })).toMatchObject({
    hiddenRanges: [
      { first: 1, last: 2 },
      { first: 7, last: 7 },
    ],
    absentRanges: [
      { first: 4, last: 5 },
      { first: 9, last: 9 },
    ],
  });
  const alternating = logOf(5000).map((line) => (line.seq % 2 === 0 ? hidden(line) : line));
  const { hidden: count, hiddenRanges } = await verified(alternating);
  expect([count, hiddenRanges?.length]).toEqual([2500, 1000]);
});

test('of a part only that is proven which a checkpoint follows without a gap', async () => {
  const part = [log[4]!, log[5]!, log[9]!, log[14]!];
  expect(await verified(part, { partial: true })).toMatchObject({ proven: 0 });
  const checkpoints = [checkpointAt(log[5]!), checkpointAt(log[17]!)];
  expect(await verified(part, { partial: true, checkpoints })).toMatchObject({ proven: 2, reached: 18 });
});

test('AUD-03: whoever needs all of it is told of the first record that is not shown or not there', async () => {
  const checkpoints = [checkpointAt(log.at(-1)!)];
  const one = log.map((line) => (line.seq === 7 ? hidden(line) : line));
  expect((await verified(one, { checkpoints })).flaw).toBeUndefined();
  const found = await verified(one, { checkpoints, complete: true });
  expect(found.flaw).toMatchObject({ kind: 'incomplete', line: 7, seq: 7 });
  const part = { checkpoints, partial: true, complete: true };
  const gap = one.filter(({ seq }) => seq !== 5);
  expect((await verified(gap, part)).flaw).toMatchObject({ kind: 'incomplete', line: 5, seq: 5 });
  expect((await verified(log.slice(0, 15), part)).flaw).toMatchObject({
    kind: 'incomplete',
    seq: 16,
    what: 'records 16 to 20 are not there',
  });
  expect((await verified(log, part)).flaw).toBeUndefined();
});

test('AUD-03: a loss that was accepted does not hide that a record is not shown', async () => {
  const accepted = log.slice(0, 12);
  accepted.push(next(accepted, { type: 'ledger.accepted', epoch: 1, lost: { seq: 18, lastId: '' } }));
  const shown = accepted.map((line) => (line.seq === 3 ? hidden(line) : line));
  const options = { checkpoints: [checkpointAt(log[17]!)], complete: true };
  expect((await verified(shown, options)).flaw).toMatchObject({ kind: 'incomplete', seq: 3 });
});

test('whatever is done to a log whose end is signed, it is found', async () => {
  const checkpoints = [checkpointAt(log.at(-1)!)];
  const at = fc.integer({ min: 0, max: log.length - 1 });
  const damage = fc.oneof(
    at.map((n) => log.toSpliced(n, 1)),
    at.map((n) => log.toSpliced(n, 0, log[(n + 7) % log.length]!)),
    fc.tuple(at, at).map(([a, b]) => log.toSpliced(a, 1).toSpliced(b, 0, log[a]!)),
    at.map((n) => log.slice(0, n)),
    fc
      .tuple(at, fc.constantFrom('seq', 'id', 'at', 'previous', 'hash', 'chain'))
      .map(([n, name]) => log.with(n, { ...log[n]!, [name]: log[(n + 1) % log.length]![name as 'hash'] })),
    at.map((n) => rewritten(log, n + 1, { type: 'policy.loaded' })),
    fc.tuple(at, fc.string()).map(([n, reason]) => {
      const event = { ...log[n]!.event, reason };
      return log.with(n, { ...log[n]!, event, hash: recordHash({ ...log[n]!, event }) });
    }),
  );
  await fc.assert(
    fc.asyncProperty(damage, async (lines) => {
      const same = JSON.stringify(lines) === JSON.stringify(log);
      expect((await verified(lines, { checkpoints })).flaw === undefined).toBe(same);
    }),
    { numRuns: 500 },
  );
});
