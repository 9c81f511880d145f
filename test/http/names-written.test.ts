import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { namesWritten } from '../../src/kernel/names-written.js';

const namesIn = (value: unknown): number =>
  typeof value !== 'object' || value === null
    ? 0
    : Object.values(value).reduce<number>(
        (sum, inner) => sum + namesIn(inner),
        Array.isArray(value) ? 0 : Object.keys(value).length,
      );

test('as many names are written as the value has, however it is spaced and whatever its strings hold', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ':', '"', '\\', '{', ',', ' '), maxLength: 8 });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.constantFrom('', ' ', '\n', '\t'), (made, indent) => {
      expect(namesWritten(JSON.stringify(made, null, indent))).toBe(namesIn(made));
    }),
    { numRuns: 500 },
  );
});

test('equal names are counted each, whatever stands before the colon', () => {
  expect(namesWritten('{"a":1,"a":2}')).toBe(2);
  expect(namesWritten('{"a" \r\n\t : 1}')).toBe(1);
});
