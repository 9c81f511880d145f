import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isThere, testsNamedIn } from './named-tests.js';

const text = readFileSync('docs/controls.md', 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| **'));
const idsOf = (row: string) => [...row.matchAll(/\*\*([^*]+)\*\*/g)].map(([, id]) => id);

test('docs/controls.md answers every item of the OWASP lists and every tenet once', () => {
  const ids = rows.flatMap(idsOf);
  const listed = (prefix: string, count: number) =>
    Array.from(
      { length: count },
      (_, index) => `${prefix}${String(index + 1).padStart(prefix === 'ASI' ? 2 : 1, '0')}`,
    );
  for (const id of [
    ...listed('ASI', 10).map((id) => `${id}:2026`),
    ...listed('NHI', 10).map((id) => `${id}:2025`),
  ])
    expect([id, ids.filter((one) => one === id).length]).toEqual([id, 1]);
  for (const id of listed('Tenet ', 7)) expect(ids.filter((one) => one === id)).toHaveLength(1);
});

test('docs/controls.md names only tests that exist, and a row without one says what is missing', () => {
  expect(testsNamedIn(text).filter((named) => !isThere(named))).toEqual([]);
  const untested = rows.filter((row) => testsNamedIn(row).length === 0);
  expect(untested.filter((row) => !row.includes('Missing:'))).toEqual([]);
});
