import { describe, expect, test } from '@jest/globals';
import { judged, now, revoked, row, sessionOf } from './judge.js';
import { A, a1, a2, all, b1, c1, D, expectEach, render, taskAEnded } from './rendered.js';

describe('at the edges', () => {
  test('22 a session of the broker that nobody knows, older than the longest', async () => {
    const { text } = render(all);
    expect(await judged({ name: 'j.zzzzzzzz.1', issuedSeconds: now - 910 }, [text])).toBe(D);
  });

  test('23 sessions of others are never matched, whatever their age', async () => {
    const { text } = render(all.map((each) => revoked(each)));
    for (const age of [0, 5000])
      expect(await judged({ name: 'alice@example.com', issuedSeconds: now - age }, [text])).toBe(A);
  });

  test('24 within two seconds of the cut a stamp may be off by two', async () => {
    const rows = [-5, -3, -2, -1, 0, 1, 2, 3, 5].flatMap((offset, i) => [
      row(`live000${i}`, '1', 300 - offset),
      revoked(row(`dead000${i}`, '1', 300 - offset)),
    ]);
    const { text } = render(rows);
    for (const of of rows)
      for (const shift of [-2, -1, 0, 1, 2]) {
        const stamped = { ...sessionOf(of), issuedSeconds: of.issuedFrom + shift };
        expect({ of: stamped, is: await judged(stamped, [text]) }).toEqual({
          of: stamped,
          is: of.live ? A : D,
        });
      }
  });

  test('25 a short lease on a role with long ones stays dead after its own end', async () => {
    const short = revoked(row('tAAAAAAA', '1', 1000));
    const b = row('tBBBBBBB', '1', 2000, { expiresAt: now + 1600 });
    await expectEach(render([short, b], { longestSeconds: 3600 }), [
      [short, D],
      [b, A],
    ]);
  });

  test('26 one of the longest that has just ended stays dead', async () => {
    for (let ago = 0; ago <= 4; ago++) {
      const just = revoked(row('tAAAAAAA', '1', 900 + ago));
      const b = row('tBBBBBBB', '1', 890);
      await expectEach(render([just, b]), [
        [just, D],
        [b, A],
      ]);
    }
  });

  test('27 the next lease of an open task goes on: while a task is open, its dead are named one by one', async () => {
    const first = revoked(row('tAAAAAAA', '1', 1), { taskClosed: false });
    const { text, deny } = render([first, b1]);
    expect(deny).toEqual(['*:j.tAAAAAAA.1']);
    await expectEach({ text }, [
      [first, D],
      [row('tAAAAAAA', '2', -3), A],
    ]);
  });

  test('27 of a closed task the whole name is denied', () => {
    expect(render([revoked(row('tAAAAAAA', '1', 1)), b1]).deny).toEqual(['*:j.tAAAAAAA.*']);
  });

  test('28 a session that is being issued goes on once its reservation counts as live', async () => {
    const issuing = row('tDDDDDDD', '1', 5);
    const others = all.map((each) => revoked(each));
    expect(await judged(sessionOf(issuing), [render(others).text])).toBe(D);
    expect(await judged(sessionOf(issuing), [render([...others, issuing]).text])).toBe(A);
  });

  test('29 a clock ahead of AWS denies what is fresh: so the time has to be that of AWS', async () => {
    const others = all.map((each) => revoked(each));
    const fresh = { name: 'j.tDDDDDDD.1', issuedSeconds: now + 1 };
    expect(await judged(fresh, [render(others, { nowSeconds: now + 10 }).text])).toBe(D);
    expect(await judged(fresh, [render(others).text])).toBe(A);
  });

  test('30 the old document of a writer that was held up changes nothing beside the new one', async () => {
    const old = render(all, { epoch: 6 });
    const current = render([revoked(a1), revoked(a2), b1, revoked(c1)]);
    const fresh = row('tDDDDDDD', '1', -20);
    for (const of of [...all, fresh])
      expect(await judged(sessionOf(of), [old.text, current.text])).toBe(
        await judged(sessionOf(of), [current.text]),
      );
  });

  test('31 what does not fit says so, and is whole all the same', async () => {
    const document = render(taskAEnded, { quota: 100 });
    expect(document.fits).toBe(false);
    await expectEach(document, [
      [a1, D],
      [b1, A],
    ]);
  });

  test('a task that had an ending is kept lease by lease, so that nothing outlives its lease under a wildcard', async () => {
    const kept = row('tAAAAAAA', '2', 200, { taskSpoiled: true });
    const document = render([kept, revoked(row('tCCCCCCC', '1', 100))]);
    expect(document.keep).toEqual(['*:j.tAAAAAAA.2']);
    expect(await judged(sessionOf(a1), [document.text])).toBe(D);
  });

  test('a session may carry a later time than its lease knew: it is named until the cut has passed that', async () => {
    const dead = revoked(a1, { issuedUntil: now + 5 });
    const { text } = render([dead, b1]);
    for (const at of [now - 300, now, now + 5])
      expect(await judged({ ...sessionOf(a1), issuedSeconds: at }, [text])).toBe(D);
  });
});
