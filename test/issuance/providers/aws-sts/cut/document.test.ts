import { describe, expect, test } from '@jest/globals';
import type { Row } from '../../../../../src/issuance/providers/aws-sts/cut/cover.js';
import { judged, now, requestOf, revoked, row, sessionOf } from './judge.js';
import { theirs } from '../../../../sandbox/aws/evaluator/oracle.js';
import { A, a1, a2, all, b1, c1, D, expectEach, render, taskAEnded } from './rendered.js';

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
