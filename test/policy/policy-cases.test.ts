import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { catalogSettings } from '../../src/policy/catalog-settings.js';
import { loadPolicy } from '../../src/policy/cedar-policy.js';
import { readCases, runCases, testPolicy } from '../../src/policy/policy-cases.js';
import { toolSettings } from '../../src/policy/tool-settings.js';
import { catalog, catalogOf, entryOf, policyFolder, rule } from './folder.js';

const settings = parse(readFileSync('config/protem.yaml', 'utf8')) as { catalog: unknown; tools: unknown };
const shipped = {
  directory: 'config/policy',
  catalog: catalogSettings.parse(settings.catalog),
  tools: toolSettings.parse(settings.tools),
};

test('POL-09: the policies of the sandbox give every case its answer', () => {
  const { passed, failed } = testPolicy(shipped);
  expect(failed).toEqual([]);
  expect(passed).toBe(readCases(shipped.directory).length);
  expect(passed).toBeGreaterThanOrEqual(10);
});

test('every policy of the sandbox decides at least one case', () => {
  const policy = loadPolicy(shipped);
  const named = new Set(readCases(shipped.directory).flatMap(({ policies }) => policies ?? []));
  policy.close();
  const ids = ['agents', 'guards'].flatMap((file) =>
    [...readFileSync(`config/policy/${file}.cedar`, 'utf8').matchAll(/@id\("([^"]+)"\)/g)].map(
      ([, id]) => id,
    ),
  );
  // A permit behind a guard that asks shows itself only in that the answer is not a plain denial.
  expect(ids.filter((id) => !named.has(id!))).toEqual(['payments-team-changes-payments']);
});

test('without any one of its policies, some case of the sandbox fails: none is there for show', () => {
  const files = ['agents.cedar', 'break-glass.cedar', 'guards.cedar', 'cases.yaml'];
  const texts = Object.fromEntries(
    files.map((file) => [file, readFileSync(`config/policy/${file}`, 'utf8')]),
  );
  const policies = files.flatMap(
    (file) => (texts[file] ?? '').match(/^@id\([^]*?\n(?:permit|forbid)[^;]*;/gm) ?? [],
  );
  expect(policies).toHaveLength(16);
  for (const policy of policies) {
    const without = Object.fromEntries(
      Object.entries(texts).map(([file, text]) => [file, text.replace(policy, '')]),
    );
    expect(testPolicy({ ...shipped, directory: policyFolder(without) }).failed).not.toEqual([]);
  }
});

const failedOf = (table: object[], text = rule('permit', 'all', 'true', '@maximumTtl("10m")')) =>
  testPolicy({ directory: policyFolder({ 'a.cedar': text, 'cases.yaml': JSON.stringify(table) }), catalog });
const it = { name: 'it: a case', credential: 'reports' };

test.each([
  ['another answer', { ...it, expect: 'deny' }, 'the answer is "permit", should be "deny"'],
  ['other policies', { ...it, expect: 'permit', policies: ['all', 'more'] }, 'decided because of is ["all"]'],
  [
    'another ceiling',
    { ...it, expect: 'permit', maximumTtl: '5m' },
    'the ceiling in seconds is 600, should be 300',
  ],
  ['an unknown entry', { ...it, credential: 'nothing', expect: 'deny' }, 'there is no catalog entry nothing'],
  ['a fault instead', { ...it, ttl: '2h', expect: 'permit' }, 'the answer is "fault"'],
  [
    'another fault',
    { ...it, ttl: '2h', expect: 'fault', fault: 'credential.parameters' },
    'the fault is "ttl.invalid"',
  ],
  ['no fault', { ...it, expect: 'fault' }, 'the answer is "permit"'],
])('a case that gets %s fails, and says how', (_what, one, said) => {
  const { passed, failed } = failedOf([one, { ...it, name: 'another', expect: 'permit', policies: ['all'] }]);
  expect(passed).toBe(1);
  expect(failed.join('\n')).toContain(`it: a case: ${said}`);
});

test('who is asked, and what could not be evaluated, are told apart', () => {
  const ask =
    rule('permit', 'all') + rule('forbid', 'look', '!context.verified.approved', '@ask("approver")');
  expect(failedOf([{ ...it, expect: 'ask', approvers: ['admin'] }], ask).failed.join()).toContain(
    'who is asked is ["approver"]',
  );
  expect(failedOf([{ ...it, expect: 'ask', approvers: ['approver'] }], ask).failed).toEqual([]);
  const broken = rule('permit', 'all', `resource.riskTier + ${2n ** 63n - 1n} > 0`);
  expect(failedOf([{ ...it, expect: 'deny' }], broken).failed.join()).toContain('errors: all: ');
});

test.each([
  ['an unknown key', [{ ...it, expect: 'deny', nonsense: 1 }], 'Unrecognized'],
  ['no expectation', [it], '0.expect'],
  ['an expectation that cannot be', [{ ...it, expect: 'deny', maximumTtl: '5m' }], 'goes with `permit`'],
  ['no case at all', [], 'at least one'],
])('a table with %s is refused', (_what, table, said) => {
  const { passed, failed } = failedOf(table);
  expect(passed).toBe(0);
  expect(failed.join('\n')).toContain(said);
});

test('a bundle that cannot be loaded fails with its problems', () => {
  const { passed, failed } = failedOf([{ ...it, expect: 'permit' }], 'permit');
  expect([passed, failed.length]).toEqual([0, 1]);
  expect(failed[0]).toContain('a.cedar:1');
});

test('a case asks as a request would: its defaults are those of the entry', () => {
  const entry = entryOf('reports', {
    parameters: { n: { type: 'integer', minimum: 1, maximum: 9, default: 7 } },
  });
  const text = rule(
    'permit',
    'seven',
    'context.verified.numbers.hasTag("n") && context.verified.numbers.getTag("n") == 7 && context.verified.ttlSeconds == 900',
  );
  const directory = policyFolder({
    'a.cedar': text,
    'cases.yaml': JSON.stringify([{ ...it, expect: 'permit' }]),
  });
  const policy = loadPolicy({ directory, catalog: catalogOf(entry) });
  expect(runCases(policy, readCases(directory))).toEqual([]);
  policy.close();
});
