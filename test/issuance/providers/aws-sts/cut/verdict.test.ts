import { describe, expect, test } from '@jest/globals';
import { readCut, wrongFor } from '../../../../../src/issuance/providers/aws-sts/cut/verdict.js';
import { judged, revoked, sessionOf } from './judge.js';
import { a1, b1, D, render, taskAEnded } from './rendered.js';

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
