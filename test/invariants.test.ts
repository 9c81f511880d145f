import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

interface Named {
  readonly file: string;
  readonly name: string;
}

/** Each file in backticks under test/, and the names in quotes that follow it, up to the next file. */
export function testsNamedIn(text: string): Named[] {
  return [...text.matchAll(/`(test\/[\w./-]+\.ts)`((?:[ ,]*"[^"]+")+)/g)].flatMap(([, file, names]) =>
    [...names!.matchAll(/"([^"]+)"/g)].map(([, name]) => ({ file: file!, name: name! })),
  );
}

const isThere = ({ file, name }: Named) =>
  existsSync(file) && readFileSync(file, 'utf8').includes(`'${name}'`);

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
