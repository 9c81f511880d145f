import { describe, expect, test } from '@jest/globals';
import { checkpointAt, logOf, next, rewritten, verified } from './logging.js';

const log = logOf(20);

test('what an operator has accepted as lost is told apart from what was taken away', async () => {
  const accepted = [...log.slice(0, 12)];
  accepted.push(
    next(accepted, {
      type: 'ledger.accepted',
      epoch: 1,
      lost: { seq: 18, lastId: '' },
      by: 'local:root',
      reason: 'restored',
    }),
  );
  const { flaw } = await verified(accepted, { checkpoints: [checkpointAt(log[17]!)] });
  expect(flaw).toMatchObject({ kind: 'lost' });
  const later = await verified(accepted, { checkpoints: [{ ...checkpointAt(log[17]!), epoch: 1 }] });
  expect(later.flaw).toMatchObject({ kind: 'cut' });
});

test('AUD-03: what was cut off after a loss that was accepted is not taken for a part of that loss', async () => {
  const accepted = log.slice(0, 12);
  accepted.push(next(accepted, { type: 'ledger.accepted', epoch: 1, lost: { seq: 18, lastId: '' } }));
  for (let n = 0; n < 7; n += 1) accepted.push(next(accepted, { type: 'policy.loaded' }));
  const checkpoints = [checkpointAt(log[14]!), checkpointAt(log[17]!), checkpointAt(accepted[18]!, 1)];
  expect((await verified(accepted, { checkpoints })).flaw).toMatchObject({ kind: 'lost', line: 15 });
  expect((await verified(accepted.slice(0, 16), { checkpoints })).flaw).toMatchObject({ kind: 'cut' });
  const forged = rewritten(accepted, 17, { type: 'task.opened' });
  expect((await verified(forged, { checkpoints })).flaw).toMatchObject({ kind: 'contradicted', line: 19 });
});

test.each(['x', {}, undefined, 'NaN', null, 0, -1, 1.5])(
  'AUD-03: an acceptance of epoch %j accepts nothing: a log written anew with it is not sound',
  async (epoch) => {
    const forged = rewritten(log, 5, { type: 'ledger.accepted', epoch });
    const options = { checkpoints: log.map((line) => checkpointAt(line)), complete: true };
    expect((await verified(forged, options)).flaw).toMatchObject({
      kind: expect.stringMatching(/unreadable|contradicted/),
    });
    expect((await verified(forged.slice(0, 10), options)).flaw).toMatchObject({ line: 5 });
  },
);

test('AUD-03: no loss that was accepted excuses that a log ends before it is known to have been', async () => {
  const accepted = log.slice(0, 4);
  accepted.push(next(accepted, { type: 'ledger.accepted', epoch: 1, lost: { seq: 18, lastId: '' } }));
  for (let n = 0; n < 15; n += 1) accepted.push(next(accepted, { type: 'policy.loaded' }));
  const { seq, hash } = accepted[17]!;
  const found = await verified(accepted.slice(0, 15), { head: { seq, hash } });
  expect(found.flaw).toMatchObject({ kind: 'cut', seq: 16 });
});

describe('where checkpoints are of another chain as well', () => {
  const before = logOf(131, 'chn_before');
  const lostBefore = [checkpointAt(before[99]!), checkpointAt(before[130]!)];
  const acceptance = { type: 'ledger.accepted', epoch: 1, lost: { seq: 131, lastId: '' } };
  const after = [next([], { type: 'policy.loaded' }, 'chn_after')];
  after.push(next(after, acceptance), next([...after, next(after, acceptance)], { type: 'policy.loaded' }));
  const anchored = [...lostBefore, checkpointAt(after[2]!, 1)];
  const told = [{ chain: 'chn_before', installation: 'test', checkpoints: 2, last: 131, epoch: 0 }];

  test('AUD-03: a log whose earlier part was lost and accepted is lost, and not whole', async () => {
    const found = await verified(after, { checkpoints: anchored });
    expect(found).toMatchObject({ checkpoints: 1, covered: 3, others: told });
    expect(found.flaw).toMatchObject({ kind: 'lost', line: 1 });
    expect(found.flaw?.what).toContain('chain chn_before had come to record 131');
  });

  test('AUD-03: with those of the lost one alone it is lost as well', async () => {
    const found = await verified(after, { checkpoints: lostBefore });
    expect(found).toMatchObject({ flaw: { kind: 'lost' }, others: told });
    expect(found.flaw?.what).toContain('no checkpoint is of this chain');
  });

  test('AUD-03: what is wrong with the log itself comes before what was accepted', async () => {
    const cut = { checkpoints: anchored };
    expect((await verified(after.slice(0, 2), cut)).flaw).toMatchObject({ kind: 'cut', seq: 3 });
  });

  test('AUD-03: a new chain that no operator has accepted contradicts the one before', async () => {
    const unaccepted = logOf(3, 'chn_after');
    const checkpoints = [...lostBefore, checkpointAt(unaccepted[2]!)];
    expect(await verified(unaccepted, { checkpoints })).toMatchObject({
      flaw: { kind: 'contradicted', line: 1 },
      others: told,
    });
  });

  test('AUD-03: the log of before does not pass for the one that is written now', async () => {
    expect((await verified(before, { checkpoints: anchored })).flaw).toMatchObject({
      kind: 'contradicted',
      what: 'chain chn_after had come to record 3, and nothing of it is here',
    });
  });

  test('whoever names the chain has the others told, and nothing more', async () => {
    const now = await verified(after, { checkpoints: anchored, chain: 'chn_after' });
    expect([now.flaw, now.others]).toEqual([undefined, told]);
    const then = await verified(before, { checkpoints: anchored, chain: 'chn_before' });
    expect([then.flaw, then.covered]).toEqual([undefined, 131]);
    const another = await verified(before, { checkpoints: anchored, chain: 'chn_after' });
    expect(another.flaw).toMatchObject({ kind: 'inserted', line: 1 });
    const none = await verified(after, { checkpoints: lostBefore, chain: 'chn_after' });
    expect(none.flaw).toMatchObject({ kind: 'contradicted' });
  });

  test('the log of another installation is told, and takes nothing from this one', async () => {
    const elsewhere = lostBefore.map((each) => ({ ...each, installation: 'elsewhere' }));
    const found = await verified(log, { checkpoints: [...elsewhere, checkpointAt(log[19]!)] });
    expect(found).toMatchObject({ covered: 20, others: [{ installation: 'elsewhere', last: 131 }] });
    expect(found.flaw).toBeUndefined();
  });
});
