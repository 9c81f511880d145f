import { expect, test } from '@jest/globals';
import { fillTemplate, placeholdersIn, templateProblems } from '../../src/policy/template.js';

const statement = {
  Effect: 'Allow',
  Action: ['s3:GetObject'],
  Resource: ['arn:aws:s3:::acme/{{prefix}}*', 'arn:aws:s3:::{{bucket}}/{{ prefix }}*'],
  Condition: { NumericLessThan: { 's3:max-keys': '{{rows}}' } },
};

test('every string at any depth is filled, and nothing else is touched', () => {
  const template = { ...statement, count: 3, on: true, none: null };
  const filled = fillTemplate(template, { prefix: 'a/', bucket: 'b', rows: 5 });
  expect(filled).toEqual({
    Effect: 'Allow',
    Action: ['s3:GetObject'],
    count: 3,
    on: true,
    none: null,
    Resource: ['arn:aws:s3:::acme/a/*', 'arn:aws:s3:::b/a/*'],
    Condition: { NumericLessThan: { 's3:max-keys': '5' } },
  });
  expect(template.Resource[0]).toBe('arn:aws:s3:::acme/{{prefix}}*');
});

test('object keys are left alone, and a key named __proto__ is a key', () => {
  const template = JSON.parse('{"{{prefix}}":"x","__proto__":{"a":"{{prefix}}"}}') as object;
  const filled = fillTemplate(template, { prefix: 'p' });
  expect(JSON.stringify(filled)).toBe('{"{{prefix}}":"x","__proto__":{"a":"p"}}');
  expect(Object.getPrototypeOf(filled)).toBe(Object.prototype);
});

test('a value is put in as it is: it is no pattern of replacement', () => {
  expect(fillTemplate('<{{x}}>', { x: "$&$1$'" })).toBe("<$&$1$'>");
});

test('a set expands a list element into one for each of its values', () => {
  expect(fillTemplate(['a', 'arn:{{set}}/{{one}}', '{{set}}'], { set: ['x', 'y'], one: '1' })).toEqual([
    'a',
    'arn:x/1',
    'arn:y/1',
    'x',
    'y',
  ]);
});

test('two sets in one element make every combination', () => {
  expect(fillTemplate(['{{a}}-{{b}}'], { a: ['1', '2'], b: ['x', 'y'] })).toEqual([
    '1-x',
    '1-y',
    '2-x',
    '2-y',
  ]);
});

test('the names of the placeholders are found wherever they stand', () => {
  expect([...placeholdersIn(statement)].sort()).toEqual(['bucket', 'prefix', 'rows']);
});

const rules = { prefix: { type: 'path' }, bucket: { type: 'enum' }, rows: { type: 'integer' } } as const;

test('a sound template has no problems, and one with IAM variables or braces of JSON has none either', () => {
  expect(templateProblems(statement, rules)).toEqual([]);
  expect(templateProblems({ a: '${aws:username}', b: '{"a":{"b":1}}' }, {})).toEqual([]);
});

test.each([
  ['an unknown placeholder', { x: '{{prefix}}{{other}}' }, 'is no parameter'],
  ['a placeholder that does not close', { x: '{{prefix}}{{prefix}' }, 'begins no'],
  ['a placeholder with no name', { x: '{{prefix}} {{ }}' }, 'begins no'],
  ['a name of the prototype', { x: '{{prefix}}{{constructor}}' }, 'is no parameter'],
  ['a parameter that nothing uses', { x: 'fixed' }, 'would narrow nothing'],
])('found when the catalog is loaded: %s', (_what, template, problem) => {
  const found = templateProblems(template, { prefix: { type: 'path' } });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(problem);
});

test('a set outside a list is found when the catalog is loaded, in a list it is sound', () => {
  const set = { tables: { type: 'set' } } as const;
  expect(templateProblems({ Resource: '{{tables}}' }, set)).toHaveLength(1);
  expect(templateProblems({ Resource: [{ a: '{{tables}}' }] }, set)).toHaveLength(1);
  expect(templateProblems({ Resource: ['{{tables}}'] }, set)).toEqual([]);
});
