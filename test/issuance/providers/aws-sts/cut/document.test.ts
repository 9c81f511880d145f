import { describe, expect, test } from '@jest/globals';
import type { Row } from '../../../../../src/issuance/providers/aws-sts/cut/cover.js';
import { cutDocument, type CutOptions } from '../../../../../src/issuance/providers/aws-sts/cut/document.js';
import { readCut, wrongFor } from '../../../../../src/issuance/providers/aws-sts/cut/verdict.js';
import { judged, now, requestOf, revoked, row, sessionOf } from './judge.js';
import { theirs } from '../../../../sandbox/aws/evaluator/oracle.js';

const options: CutOptions = { nowSeconds: now, prefix: 'j', longestSeconds: 900, epoch: 7, quota: 10_240 };
const render = (rows: readonly Row[], more: Partial<CutOptions> = {}) =>
  cutDocument(rows, { ...options, ...more });

const a1 = row('tAAAAAAA', '1', 300);
const a2 = row('tAAAAAAA', '2', 200);
const b1 = row('tBBBBBBB', '1', 400);
const c1 = row('tAAAAAAB', '1', 250);
const taskAEnded = [revoked(a1), revoked(a2), b1, c1];
const all = [a1, a2, b1, c1];
const D = 'explicitly_denied';
const A = 'allowed';

async function expectEach(document: { text: string }, expected: readonly (readonly [Row, string])[]) {
  for (const [of, outcome] of expected)
    expect({ of: sessionOf(of).name, is: await judged(sessionOf(of), [document.text]) }).toEqual({
      of: sessionOf(of).name,
      is: outcome,
    });
}

describe('what is denied and what goes on', () => {
  test('1 nothing revoked: statement C alone, at the floor, and all go on', async () => {
    const document = render(all);
    expect(document).toMatchObject({ keep: [], deny: [], cutSeconds: now - 903 });
    await expectEach(
      document,
      all.map((each) => [each, A] as const),
    );
  });

  test('2 one lease of an open task: its sibling, an older task and a look-alike go on', async () => {
    const document = render([revoked(a1, { taskClosed: false }), a2, b1, c1]);
    expect(document).toMatchObject({ cutSeconds: now - 297, keep: ['*:j.tBBBBBBB.*'], deny: [], size: 258 });
    await expectEach(document, [
      [a1, D],
      [a2, A],
      [b1, A],
      [c1, A],
    ]);
  });

  test('3 a whole task', async () => {
    await expectEach(render(taskAEnded), [
      [a1, D],
      [a2, D],
      [b1, A],
      [c1, A],
    ]);
  });

  test('4 a later session of a revoked task, which nobody wrote down, is allowed where C alone covers the task', async () => {
    const late = { name: 'j.tAAAAAAA.99', issuedSeconds: now + 5 };
    const document = render(taskAEnded);
    expect(document.deny).toEqual([]);
    expect(await judged(late, [document.text])).toBe(A);
    const named = render([revoked(a1, { issuedUntil: now }), a2, b1, c1].map((each) => ({ ...each })));
    expect(named.deny).toEqual(['*:j.tAAAAAAA.1']);
  });

  test('5 and 6 neither a session policy nor a bucket policy that names the session rescues it', async () => {
    const { text } = render(taskAEnded);
    const allowAll = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    };
    expect(await judged(sessionOf(a2), [text], { session: allowAll })).toBe(D);
    expect(await judged(sessionOf(a2), [text], { resourcePolicy: bucketOf(sessionOf(a2).name) })).toBe(D);
  });

  test('7 a live session goes on through a bucket policy', async () => {
    expect(await judged(sessionOf(b1), [render(taskAEnded).text], { resourcePolicy: bucketOf() })).toBe(A);
  });

  test('8 and 9 in the permissions boundary, where a bucket policy that names the session does not rescue it either', async () => {
    const boundary = JSON.parse(render(taskAEnded, { boundary: true }).text) as object;
    expect(await judged(sessionOf(a2), [], { boundary })).toBe(D);
    expect(await judged(sessionOf(b1), [], { boundary })).toBe(A);
    expect(await judged(sessionOf(a2), [], { boundary, resourcePolicy: bucketOf(sessionOf(a2).name) })).toBe(
      D,
    );
  });

  test('10 as a service control policy', async () => {
    const organization = JSON.parse(render(taskAEnded, { boundary: true }).text) as object;
    expect(await judged(sessionOf(a2), [], { organization })).toBe(D);
    expect(await judged(sessionOf(b1), [], { organization })).toBe(A);
  });

  test('11 an older task ends too, and what is issued now goes on', async () => {
    const document = render([revoked(a1), revoked(a2), revoked(b1), c1]);
    expect(document).toMatchObject({ cutSeconds: now - 2, keep: ['*:j.tAAAAAAB.*'], deny: [] });
    await expectEach(document, [
      [a1, D],
      [a2, D],
      [b1, D],
      [c1, A],
      [row('tDDDDDDD', '1', 0), A],
    ]);
  });

  test('12 everything ended: C alone at the ceiling, and what is issued this second goes on', async () => {
    const document = render(all.map((each) => revoked(each)));
    expect(document).toMatchObject({ cutSeconds: now - 2, keep: [], deny: [] });
    await expectEach(document, [...all.map((each) => [each, D] as const), [row('tDDDDDDD', '1', 0), A]]);
  });

  test('13 after their own end they stay dead: C alone at the floor', async () => {
    const document = render(
      all.map((each) => revoked(each)),
      { nowSeconds: now + 1000 },
    );
    expect(document).toMatchObject({ keep: [], deny: [], cutSeconds: now + 1000 - 903 });
    await expectEach(
      document,
      all.map((each) => [each, D] as const),
    );
  });
});

describe('chained sessions, by source identity', () => {
  const chained = (of: Row) => ({
    name: 'somebody',
    issuedSeconds: now + 60,
    sourceIdentity: `j.${of.task}.${of.lease}`,
  });
  // A chained session is younger than its lease: what has ended is named until the cut has passed its last moment.
  const rows = [revoked(a1, { issuedUntil: now + 90 }), revoked(a2, { issuedUntil: now + 90 }), b1, c1];
  const { text } = render(rows, { subject: 'aws:SourceIdentity' });

  test('14 of a revoked task: denied', async () => {
    expect(await judged(chained(a1), [text])).toBe(D);
    expect(await judged(chained(a2), [text])).toBe(D);
  });

  test('15 without a source identity it escapes', async () => {
    const { sourceIdentity: _none, ...escaped } = chained(a1);
    expect(await judged(escaped, [text])).toBe(A);
  });

  test('16 of a live task: goes on', async () => {
    expect(await judged(chained(b1), [text])).toBe(A);
  });

  test('the cut is by source identity too: an older chained session of a dead task is denied, of a live one not', async () => {
    const late = render([revoked(a1), revoked(a2), b1, c1], { subject: 'aws:SourceIdentity' });
    expect(late.deny).toEqual([]);
    expect(await judged({ ...chained(a1), issuedSeconds: now - 290 }, [late.text])).toBe(D);
    expect(await judged({ ...chained(b1), issuedSeconds: now - 290 }, [late.text])).toBe(A);
  });
});

describe('how IAM reads policies, which the document relies on', () => {
  const deny = (Condition: object) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Action: '*', Resource: '*', Condition }],
    });
  const before2000 = { 'aws:TokenIssueTime': '2000-01-01T00:00:00Z' };

  test('17 a session tag denies those who carry it', async () => {
    const byTag = deny({ StringEquals: { 'aws:PrincipalTag/task': 'tAAAAAAA' } });
    const tagged = (of: Row, task?: string) => {
      const request = requestOf(sessionOf(of), [byTag]);
      const tag = task === undefined ? {} : { 'aws:PrincipalTag/task': task };
      return theirs({ ...request, context: { ...request.context, ...tag } });
    };
    expect(await tagged(a1, 'tAAAAAAA')).toBe(D);
    expect(await tagged(b1, 'tBBBBBBB')).toBe(A);
    expect(await tagged(a1)).toBe(A);
  });

  test('18 the hole: GetCallerIdentity is never denied', async () => {
    const { text } = render(taskAEnded);
    expect(await judged(sessionOf(a1), [text], { action: 'sts:GetCallerIdentity', resource: '*' })).toBe(A);
  });

  test('19 StringEquals knows no wildcards', async () => {
    expect(await judged(sessionOf(a1), [deny({ StringEquals: { 'aws:userid': ['*:j.tAAAAAAA.*'] } })])).toBe(
      A,
    );
  });

  test('20 conditions of one statement are ANDed', async () => {
    const both = { StringLike: { 'aws:userid': ['*:j.tAAAAAAA.*'] }, DateLessThan: before2000 };
    expect(await judged(sessionOf(a1), [deny(both)])).toBe(A);
  });

  test('21 an allow-list denies all others', async () => {
    const only = deny({ StringNotLike: { 'aws:userid': ['*:j.tBBBBBBB.*'] } });
    expect(await judged(sessionOf(a1), [only])).toBe(D);
    expect(await judged(sessionOf(b1), [only])).toBe(A);
  });
});

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

describe('read back', () => {
  test('a document says of every row what the judge says', async () => {
    const rows = taskAEnded;
    const read = readCut(render(rows).text);
    for (const of of rows) {
      const denied = (await judged(sessionOf(of), [render(rows).text])) === D;
      expect(read?.denies(sessionOf(of).name, of.issuedFrom)).toBe(denied);
      expect(wrongFor(of, sessionOf(of).name, read ? [read] : [])).toBeUndefined();
    }
    expect(wrongFor(revoked(b1), 'j.tBBBBBBB.1', [read!])).toBe('a revoked session is not denied');
    expect(wrongFor({ ...a1, live: true }, 'j.tAAAAAAA.1', [read!])).toBe('a live session is denied');
  });

  test.each([
    '',
    '{}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
  ])('what somebody else wrote is not read: %j', (text) => {
    expect(readCut(text)).toBeUndefined();
  });

  test('a statement that was narrowed by hand is not read', () => {
    const document = render(taskAEnded).text;
    expect(readCut(document.replace('"Action":"*"', '"Action":"s3:*"'))).toBeUndefined();
    expect(
      readCut(document.replace('"DateLessThan"', '"Bool":{"aws:SecureTransport":"true"},"DateLessThan"')),
    ).toBeUndefined();
  });
});

/** A bucket policy that allows everything to the role, or to one session of it. */
const bucketOf = (session?: string) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: {
        AWS:
          session === undefined
            ? 'arn:aws:iam::111122223333:role/agent'
            : `arn:aws:sts::111122223333:assumed-role/agent/${session}`,
      },
      Action: 's3:*',
      Resource: 'arn:aws:s3:::bkt/*',
    },
  ],
});

describe('how much fits', () => {
  const live = (count: number, more: Partial<Row> = {}) =>
    Array.from({ length: count }, (_, i) => row(`t${String(i).padStart(7, '0')}`, '000001', 300, more));
  /** All live since before twice as many ended: so that naming the live is the shorter way. */
  const most = (quota: number, more: Partial<Row> = {}) => {
    const fits = (tasks: number) => {
      const dead = live(2 * tasks).map((of) => revoked({ ...of, task: of.task.replace('t', 'd') }));
      return render([...live(tasks, more), ...dead], { quota, epoch: 1000 }).fits;
    };
    let count = 1;
    while (fits(count + 1)) count++;
    return count;
  };

  test('as README.md says', () => {
    expect(most(5120)).toBe(286);
    expect(most(5120, { taskSpoiled: true })).toBe(221);
    expect(most(6144)).toBe(347);
  });
});
