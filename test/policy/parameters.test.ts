import { posix } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fault } from '../../src/kernel/fault.js';
import type { ParameterRule } from '../../src/policy/catalog.js';
import { parseParameters } from '../../src/policy/parameters.js';
import { fillTemplate } from '../../src/policy/template.js';

const rules: Record<string, ParameterRule> = {
  prefix: { type: 'path', within: 'reports/' },
  table: { type: 'string', pattern: '[a-z_]+|v[0-9]+', default: 'all_rows' },
  region: { type: 'enum', values: ['eu-central-1', 'eu-west-1'], default: 'eu-west-1' },
  datasets: { type: 'set', values: ['sales', 'costs', 'staff'], default: ['sales'] },
  rows: { type: 'integer', minimum: 1, maximum: 1000, default: 10 },
};
const entry = { parameters: rules };
const minimal = { prefix: 'reports/2026/' };

function errorsOf(untrusted: unknown): readonly { pointer: string; detail: string }[] {
  try {
    parseParameters(entry, untrusted);
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect((error as Fault).code).toBe('credential.parameters');
    return (error as Fault).errors ?? [];
  }
  return [];
}
const pointersOf = (untrusted: unknown) => errorsOf(untrusted).map(({ pointer }) => pointer);

test('what is left out takes its default, and what is within its rule is taken', () => {
  expect(parseParameters(entry, minimal)).toEqual({
    prefix: 'reports/2026/',
    table: 'all_rows',
    region: 'eu-west-1',
    datasets: ['sales'],
    rows: 10,
  });
  expect(
    parseParameters(entry, { ...minimal, table: 'v12', region: 'eu-central-1', rows: 1000 }),
  ).toMatchObject({ table: 'v12', region: 'eu-central-1', rows: 1000 });
});

test('a set is the same set in whatever order it is named', () => {
  expect(parseParameters(entry, { ...minimal, datasets: ['costs', 'sales'] })).toEqual(
    parseParameters(entry, { ...minimal, datasets: ['sales', 'costs'] }),
  );
});

test.each([
  ['nothing where something is required', {}, '/parameters/prefix'],
  ['an unknown parameter', { ...minimal, bucket: 'x' }, '/parameters/bucket'],
  ['a pointer that needs escapes', { ...minimal, 'a/b~c': 'x' }, '/parameters/a~1b~0c'],
  ['a number for a path', { prefix: 7 }, '/parameters/prefix'],
  ['null', { prefix: null }, '/parameters/prefix'],
  ['a list for a path', { prefix: ['reports/'] }, '/parameters/prefix'],
  ['a path elsewhere', { prefix: 'payroll/2026/' }, '/parameters/prefix'],
  ['a neighbour whose name begins alike', { prefix: 'reports-secret/' }, '/parameters/prefix'],
  ['the folder without its slash', { prefix: 'reports' }, '/parameters/prefix'],
  ['a way up', { prefix: 'reports/../payroll/' }, '/parameters/prefix'],
  ['a way up at the end', { prefix: 'reports/..' }, '/parameters/prefix'],
  ['an encoded way up', { prefix: 'reports/%2e%2e/payroll/' }, '/parameters/prefix'],
  ['a dot segment', { prefix: 'reports/./x' }, '/parameters/prefix'],
  ['an empty segment', { prefix: 'reports//x' }, '/parameters/prefix'],
  ['a backslash', { prefix: 'reports/\\..\\x' }, '/parameters/prefix'],
  ['a star', { prefix: 'reports/*' }, '/parameters/prefix'],
  ['a question mark', { prefix: 'reports/202?' }, '/parameters/prefix'],
  ['a policy variable', { prefix: 'reports/${aws:username}' }, '/parameters/prefix'],
  ['a placeholder', { prefix: 'reports/{{table}}' }, '/parameters/prefix'],
  ['a quote that would end a JSON string', { prefix: 'reports/","Resource":"x' }, '/parameters/prefix'],
  ['a NUL', { prefix: 'reports/a\u0000b' }, '/parameters/prefix'],
  ['a line end', { prefix: 'reports/a\nb' }, '/parameters/prefix'],
  ['a direction override', { prefix: 'reports/\u202eabc' }, '/parameters/prefix'],
  ['a zero-width space', { prefix: 'reports/a\u200bb' }, '/parameters/prefix'],
  ['half a surrogate pair', { prefix: 'reports/\ud800' }, '/parameters/prefix'],
  ['more than is sensible', { prefix: `reports/${'a'.repeat(300)}` }, '/parameters/prefix'],
  ['text that only holds what matches', { ...minimal, table: 'a b' }, '/parameters/table'],
  ['a second line that matches', { ...minimal, table: 'A\nabc' }, '/parameters/table'],
  ['an alternative with more around it', { ...minimal, table: 'v12; drop' }, '/parameters/table'],
  ['a value that is none of those', { ...minimal, region: 'us-east-1' }, '/parameters/region'],
  ['a name from the prototype', { ...minimal, region: 'constructor' }, '/parameters/region'],
  ['an empty set', { ...minimal, datasets: [] }, '/parameters/datasets'],
  ['a set with a stranger', { ...minimal, datasets: ['sales', 'secrets'] }, '/parameters/datasets/1'],
  ['a set with an object', { ...minimal, datasets: [{ __entity: {} }] }, '/parameters/datasets/0'],
  ['a set that repeats itself', { ...minimal, datasets: ['sales', 'sales'] }, '/parameters/datasets'],
  ['a set as text', { ...minimal, datasets: 'sales' }, '/parameters/datasets'],
  ['an integer out of bounds', { ...minimal, rows: 1001 }, '/parameters/rows'],
  ['a fraction', { ...minimal, rows: 1.5 }, '/parameters/rows'],
  ['a number as text', { ...minimal, rows: '5' }, '/parameters/rows'],
  ['a number that JSON rounds', { ...minimal, rows: Number('9007199254740993') }, '/parameters/rows'],
  ['not a number', { ...minimal, rows: NaN }, '/parameters/rows'],
])('a request is refused, and told where: %s', (_what, untrusted, pointer) => {
  expect(pointersOf(untrusted)).toEqual([pointer]);
});

test.each(['__entity', '__extn', '__proto__', 'constructor', 'toString'])(
  'POL-07: the key %s of a caller is refused, at the top and inside',
  (key) => {
    const forged = JSON.parse(`{"prefix":"reports/","${key}":{"type":"Protem::Agent","id":"x"}}`) as object;
    expect(pointersOf(forged)).toEqual([`/parameters/${key}`]);
    const inside = JSON.parse(`{"prefix":{"${key}":{"type":"Protem::Agent","id":"x"}}}`) as object;
    expect(pointersOf(inside)).toEqual(['/parameters/prefix']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  },
);

test('POL-07: no rule, however loose, takes an object or what Cedar reads as one', () => {
  for (const rule of Object.values(rules))
    for (const value of [
      { __entity: { type: 'Protem::Agent', id: 'x' } },
      { __extn: { fn: 'ip', arg: '::' } },
      {},
    ])
      expect(() => parseParameters({ parameters: { it: rule } }, { it: value })).toThrow(Fault);
});

test('everything that is wrong is told at once, and none of it repeats the value', () => {
  const errors = errorsOf({ prefix: 'hunter2/*', rows: -1, bucket: 'hunter2' });
  expect(errors.map(({ pointer }) => pointer).sort()).toEqual([
    '/parameters/bucket',
    '/parameters/prefix',
    '/parameters/rows',
  ]);
  expect(JSON.stringify(errors.map(({ detail }) => detail))).not.toContain('hunter2');
});

test('a request that is wrong in thousands of places gets a short answer', () => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`p${index}`, 1]));
  expect(errorsOf(many).length).toBeLessThanOrEqual(20);
});

test.each([[null], [undefined], ['text'], [[]], [7]])(
  'parameters that are no object are refused: %p',
  (raw) => {
    expect(pointersOf(raw)).toEqual(['/parameters']);
  },
);

/** What IAM means by a Resource: an independent reading of `*` and `?`. */
const matches = (glob: string, text: string): boolean =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^]*')
      .replaceAll('?', '[^]')}$`,
    'u',
  ).test(text);

test('values can only narrow: whatever is taken stays below the widest, even when a path is resolved', () => {
  const pieces = fc.constantFrom(
    'reports',
    '/',
    '..',
    '.',
    '*',
    '?',
    '$',
    '{',
    '}',
    '%2e',
    '\\',
    '"',
    'x',
    ' ',
    '\n',
    'payroll',
    '\u202e',
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 6 }).map((parts) => `reports/${parts.join('')}`),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  let taken = 0;
  fc.assert(
    fc.property(text, (prefix) => {
      let values;
      try {
        values = parseParameters({ parameters: { prefix: rules['prefix']! } }, { prefix });
      } catch (error) {
        return error instanceof Fault && error.code === 'credential.parameters';
      }
      taken++;
      const resource = 'arn:aws:s3:::acme-reports/{{prefix}}*';
      const [filled] = fillTemplate([resource], values);
      // The value itself is no pattern: the only wildcard is the template's own.
      expect(filled!.slice(0, -1)).not.toMatch(/[*?$]/);
      expect(matches('arn:aws:s3:::acme-reports/reports/*', filled!)).toBe(true);
      expect(posix.normalize(`/${prefix}`).startsWith('/reports/')).toBe(true);
      expect(new URL(`https://vault.example/v1/${prefix}`).pathname.startsWith('/v1/reports/')).toBe(true);
      return true;
    }),
    { numRuns: 3000 },
  );
  expect(taken).toBeGreaterThan(50);
});

test('values can only narrow: texts match their pattern whole, sets and integers stay within theirs', () => {
  fc.assert(
    fc.property(
      fc.record({
        prefix: fc.constant('reports/'),
        table: fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z_v0-9\n;]{0,6}$/)),
        datasets: fc.array(fc.constantFrom('sales', 'costs', 'staff', 'secrets', '*')),
        rows: fc.oneof(fc.integer(), fc.double(), fc.integer({ min: -5, max: 1005 })),
      }),
      (untrusted) => {
        let values;
        try {
          values = parseParameters(entry, untrusted);
        } catch (error) {
          return error instanceof Fault;
        }
        return (
          /^[a-z_]+$|^v[0-9]+$/.test(values['table'] as string) &&
          !(values['table'] as string).includes('\n') &&
          (values['datasets'] as string[]).every((item) => ['sales', 'costs', 'staff'].includes(item)) &&
          Number.isInteger(values['rows']) &&
          (values['rows'] as number) >= 1 &&
          (values['rows'] as number) <= 1000
        );
      },
    ),
    { numRuns: 1000 },
  );
});
