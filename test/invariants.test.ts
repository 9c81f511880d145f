import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isThere, testsNamedIn } from './named-tests.js';

test('docs/invariants.md names every invariant and rule once, and only tests that exist', () => {
  const text = readFileSync('docs/invariants.md', 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| **'));
  const titles = rows.map((row) => /\*\*(\w+)\*\*/.exec(row)?.[1]);
  expect(titles).toEqual([
    ...Array.from({ length: 10 }, (_, index) => `I${index + 1}`),
    ...Array.from({ length: 12 }, (_, index) => `${index + 1}`),
  ]);
  const untested = rows.filter((row) => testsNamedIn(row).length === 0);
  expect(untested.map((row) => /\*\*(\w+)\*\*/.exec(row)?.[1])).toEqual([]);
  expect(testsNamedIn(text).filter((named) => !isThere(named))).toEqual([]);
});

test('a test that is gone, or was renamed, is noticed', () => {
  const [real, gone] = testsNamedIn(
    '`test/invariants.test.ts` "a test that is gone, or was renamed, is noticed", "another"',
  );
  expect(isThere(real!)).toBe(true);
  expect(isThere(gone!)).toBe(false);
});
