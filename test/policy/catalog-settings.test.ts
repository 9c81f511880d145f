import { expect, test } from '@jest/globals';
import { catalogSettings } from '../../src/policy/catalog-settings.js';
import { parseParameters } from '../../src/policy/parameters.js';

const entry = {
  description: 'Read the reports',
  provider: 'aws',
  sensitivity: 'internal',
  environment: 'production',
  riskTier: 1,
  maximumTtl: '1h',
  defaultTtl: '15m',
  parameters: { prefix: { type: 'path', within: 'reports/', default: 'reports/' } },
  mint: { resources: ['arn:{{prefix}}*'] },
};
const problemsOf = (over: object, name = 'reports-reader') => {
  const parsed = catalogSettings.safeParse({ [name]: { ...entry, ...over } });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`);
};

test('an entry is read with its TTLs in seconds, and its defaults fill a request', () => {
  const catalog = catalogSettings.parse({ 'reports-reader': entry });
  const read = catalog.get('reports-reader')!;
  expect(read).toMatchObject({ name: 'reports-reader', maximumTtlSeconds: 3600, defaultTtlSeconds: 900 });
  expect(parseParameters(read, {})).toEqual({ prefix: 'reports/' });
});

const rule = (over: object) => ({ parameters: { prefix: over } });

test.each([
  ['an unknown key', { colour: 'red' }, 'Unrecognized key'],
  ['a default TTL above the maximum', { defaultTtl: '2h' }, 'defaultTtl: '],
  ['a TTL that is no duration', { maximumTtl: 'soon' }, 'maximumTtl: '],
  ['a TTL of nothing', { maximumTtl: '0s' }, 'maximumTtl: '],
  ['a sensitivity of its own', { sensitivity: 'secret' }, 'sensitivity: '],
  ['a safety attribute left out', { riskTier: undefined }, 'riskTier: '],
  ['a risk tier beyond 3', { riskTier: 4 }, 'riskTier: '],
  ['a placeholder without parameter', { mint: { x: '{{prefix}}{{other}}' } }, 'mint: {{other}}'],
  ['a parameter that narrows nothing', { mint: { x: 'y' } }, 'mint: nothing uses'],
  [
    'a default outside its own rule',
    rule({ type: 'path', within: 'reports/', default: 'payroll/' }),
    'prefix.default: ',
  ],
  ['a folder without its slash', rule({ type: 'path', within: 'reports' }), 'prefix.within: must end'],
  ['a folder that is a way up', rule({ type: 'path', within: '../' }), 'prefix.within: '],
  ['a folder that begins at the root', rule({ type: 'path', within: '/reports/' }), 'prefix.within: '],
  ['a pattern that is none', rule({ type: 'string', pattern: '(' }), 'prefix.pattern: '],
  ['a pattern that would break out', rule({ type: 'string', pattern: 'a)|(?:.*' }), 'prefix.pattern: '],
  ['a choice with a wildcard', rule({ type: 'enum', values: ['a', '*'] }), 'prefix.values.1: '],
  ['a choice twice', rule({ type: 'enum', values: ['a', 'a'] }), 'prefix.values: '],
  ['no choice', rule({ type: 'enum', values: [] }), 'prefix.values: '],
  ['bounds upside down', rule({ type: 'integer', minimum: 5, maximum: 1 }), 'prefix: must have a minimum'],
  ['bounds that JSON rounds', rule({ type: 'integer', minimum: 0, maximum: 2 ** 60 }), 'prefix.maximum: '],
  ['an unknown type', rule({ type: 'anything' }), 'prefix.type: '],
  ['a key of another rule', rule({ type: 'enum', values: ['a'], within: 'x/' }), 'Unrecognized key'],
  [
    'a name of the prototype',
    { parameters: { constructor: { type: 'enum', values: ['a'] } } },
    'constructor',
  ],
  ['a key that Cedar reads', { parameters: { __entity: { type: 'enum', values: ['a'] } } }, '__entity'],
])('refused: %s', (_what, over, problem) => {
  expect(problemsOf(over).join('\n')).toContain(problem);
});

test('an entry needs a plain name', () => {
  expect(problemsOf({}, 'Reports Reader')).not.toEqual([]);
  expect(problemsOf({}, 'constructor\n')).not.toEqual([]);
});
