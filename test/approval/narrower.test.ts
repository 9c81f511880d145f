import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { widerParameters } from '../../src/approval/narrower.js';
import { grantedBy } from '../../src/approval/approval.js';
import type { CatalogEntry } from '../../src/policy/catalog.js';

const entry: Pick<CatalogEntry, 'parameters'> = {
  parameters: {
    prefix: { type: 'path', within: 'a/' },
    months: { type: 'set', values: ['1', '2', '3'] },
    kind: { type: 'enum', values: ['x', 'y'] },
    limit: { type: 'integer', minimum: 1, maximum: 9 },
  },
};
const asked = { prefix: 'a/b/', months: ['1', '2'], kind: 'x', limit: 3 };

test.each<[string, object, string[]]>([
  ['the same', {}, []],
  ['a folder below', { prefix: 'a/b/c' }, []],
  ['fewer of a set', { months: ['2'] }, []],
  ['a folder beside', { prefix: 'a/bc/' }, ['prefix']],
  ['a folder above', { prefix: 'a/' }, ['prefix']],
  ['more of a set', { months: ['1', '2', '3'] }, ['months']],
  ['another value', { kind: 'y' }, ['kind']],
  ['a smaller number, of which nobody knows whether it is less', { limit: 2 }, ['limit']],
  ['a parameter that was not there', { other: 'x' }, ['other']],
])('%s: %j is wider in %j', (_what, change, wider) => {
  expect(widerParameters(entry, asked, { ...asked, ...change })).toEqual(wider);
});

test('a path that names no folder has nothing within it but itself', () => {
  expect(widerParameters(entry, { ...asked, prefix: 'a/b' }, { ...asked, prefix: 'a/b.old' })).toEqual([
    'prefix',
  ]);
});

test('ISS-01: whatever persons answer, what they give is no longer than what was asked for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.array(fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }), { maxLength: 4 }),
      (ttlSeconds, given) => {
        const answers = given.map((each, at) => ({
          is: 'approve' as const,
          by: `p${at}`,
          roles: [],
          at,
          ...(each !== undefined && { ttlSeconds: each }),
        }));
        const granted = grantedBy({ entry: 'e', parameters: {}, ttlSeconds }, answers);
        expect(granted.ttlSeconds).toBeLessThanOrEqual(ttlSeconds);
        for (const each of given) expect(granted.ttlSeconds).toBeLessThanOrEqual(each ?? Infinity);
      },
    ),
  );
});
