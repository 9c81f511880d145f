import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PolicyError } from '../../src/policy/cedar-bundle.js';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import { catalog, policyFolder, rule } from './folder.js';

function problemsOf(directory: string): readonly string[] {
  try {
    loadPolicy({ directory, catalog }).close();
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError);
    return (error as PolicyError).problems;
  }
}
const problemsIn = (text: string) => problemsOf(policyFolder({ 'a.cedar': text }));
const permit = (rest: string) => `@id("it")\npermit (principal, action, resource) ${rest};`;

test.each([
  ['a misspelt attribute', permit('when { context.verified.tolDeclared }'), 'a.cedar:2: ', 'did you mean'],
  ['an attribute that a policy hopes for', permit('when { context.suspended }'), 'a.cedar:2: ', 'not found'],
  [
    'a misspelt sensitivity',
    permit('when { resource.sensitivity == Protem::Sensitivity::"restrictd" }'),
    'a.cedar:2',
    'restrictd',
  ],
  ['a comparison of unlike things', permit('when { resource.riskTier == "3" }'), 'a.cedar:2', 'type'],
  [
    'a tag read without looking whether it is there',
    permit('when { principal.getTag("x") == "y" }'),
    'a.cedar:2',
    'hasTag',
  ],
  ['a policy that can never apply', permit('when { resource is Protem::Task }'), 'a.cedar', 'impossible'],
  ['an unknown type', permit('when { principal is Protem::Robot }'), 'a.cedar', 'Robot'],
  [
    'an unknown action',
    '@id("it") permit (principal, action == Protem::Action::"isue", resource);',
    'a.cedar',
    'isue',
  ],
  [
    'a catalog entry that is not there',
    rule('forbid', 'it', 'true').replace('resource)', 'resource == Protem::CatalogEntry::"paymnts")'),
    'a.cedar:1',
    '"paymnts"',
  ],
  [
    'such an entry in a condition',
    permit('when { resource == Protem::CatalogEntry::"paymnts" }'),
    'a.cedar',
    '"paymnts"',
  ],
  ['no id', 'permit (principal, action, resource);', 'a.cedar:1', 'every policy needs an @id'],
  ['an id with a space', rule('permit', 'a b'), 'a.cedar:1', '@id must be'],
  ['an id twice', `${rule('permit', 'it')}\n${rule('forbid', 'it')}`, 'a.cedar:4', 'a.cedar:1 too'],
  [
    'an annotation that means nothing',
    rule('permit', 'it', 'true', '@maximumTTL("5m")'),
    'a.cedar:1',
    '@maximumTTL is none of',
  ],
  [
    'a ceiling that is no duration',
    rule('permit', 'it', 'true', '@maximumTtl("soon")'),
    'a.cedar:1',
    'must be a duration',
  ],
  [
    'a ceiling on a forbid',
    rule('forbid', 'it', 'true', '@maximumTtl("5m")'),
    'a.cedar:1',
    'belongs on a permit',
  ],
  [
    '@ask on a permit',
    rule('permit', 'it', '!context.verified.approved', '@ask("approver")'),
    'a.cedar:1',
    'belongs on a forbid',
  ],
  [
    '@ask of nobody',
    rule('forbid', 'it', '!context.verified.approved', '@ask("")'),
    'a.cedar:1',
    'must name roles',
  ],
  [
    '@ask that no approval lifts',
    rule('forbid', 'it', 'resource.riskTier > 2', '@ask("approver")'),
    'a.cedar:1',
    'no approval could',
  ],
  ['a template', '@id("it") permit (principal == ?principal, action, resource);', 'a.cedar:1', 'templates'],
  [
    'what is no Cedar',
    `${rule('permit', 'one')}\n@id("two") permit (principal, action resource);`,
    'a.cedar:4: ',
    'unexpected token',
  ],
])('POL-09: refused, with file and line: %s', (_what, text, where, problem) => {
  const problems = problemsIn(text);
  expect(problems).not.toEqual([]);
  expect(problems.join('\n')).toContain(problem);
  expect(problems[0]).toContain(where);
});

test('lines are counted in files that hold more than ASCII', () => {
  const text = `// ${'é€😀'.repeat(20)}\n${rule('permit', 'one')}\n\n@id("two")\npermit (principal, action, resource)\nwhen { context.nonsense };`;
  expect(problemsIn(text)[0]).toMatch(/^a\.cedar:8: /);
  expect(problemsIn(`// ${'é€😀'.repeat(20)}\n\npermit (principal action, resource);`)[0]).toMatch(
    /^a\.cedar:3: /,
  );
});

test('everything that is wrong is told at once, over all files', () => {
  const directory = policyFolder({
    'a.cedar': rule('permit', 'one', 'context.nonsense'),
    'b.cedar': rule('permit', 'one') + rule('permit', 'two', 'true', '@hm("x")'),
    'c.cedar': 'permit',
    'note.txt': 'not a policy',
  });
  const problems = problemsOf(directory).join('\n');
  for (const part of ['nonsense', 'b.cedar:1: @id("one")', '@hm is none of', 'c.cedar:1'])
    expect(problems).toContain(part);
  expect(problems).not.toContain('note.txt');
});

test('a folder that is not there, or has no schema, is refused', () => {
  const empty = mkdtempSync(join(tmpdir(), 'protem-policy-'));
  expect(problemsOf(empty).join()).toContain('protem.cedarschema');
  rmSync(empty, { recursive: true });
  expect(problemsOf(empty).join()).toContain('ENOENT');
});

test('a schema may leave out what it does not need, and may not demand what the broker does not have', () => {
  const directory = policyFolder({ 'a.cedar': rule('permit', 'it') });
  const file = join(directory, 'protem.cedarschema');
  const schema = readFileSync(file, 'utf8');
  writeFileSync(file, schema.replace('onBehalfOf: String,', ''));
  expect(problemsOf(directory)).toEqual([]);
  writeFileSync(file, schema.replace('onBehalfOf: String,', 'mood: String,'));
  expect(problemsOf(directory)).toEqual(['protem.cedarschema: the broker has no attribute "mood" to give']);
  writeFileSync(file, schema.replace('namespace', 'nonsense'));
  expect(problemsOf(directory)[0]).toMatch(/^protem\.cedarschema:\d+: /);
});
