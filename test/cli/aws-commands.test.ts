import { expect, test } from '@jest/globals';
import { type Finding, printFindings } from '../../src/cli/aws-check.js';
import { printPolicies } from '../../src/cli/aws-policy.js';

const good: Finding = { role: 'r', is: 'ok', what: 'it is so' };
const unseen: Finding = { role: 'r', is: 'cannot tell', what: 'it is hidden', remedy: 'Look.' };
const bad: Finding = { role: 'r', is: 'problem', what: 'it is not so', remedy: 'Change it.' };

const printed = (run: (print: (line: string) => void) => unknown): string[] => {
  const lines: string[] = [];
  run((line) => lines.push(line));
  return lines;
};

test('a finding is a line with what to do, and only a problem makes the command fail', () => {
  expect(printed((print) => expect(printFindings([good, unseen], 'text', print)).toBe(true))).toEqual([
    'ok           r: it is so',
    'cannot tell  r: it is hidden -> Look.',
  ]);
  expect(printed((print) => expect(printFindings([good, bad], 'text', print)).toBe(false)).at(-1)).toBe(
    'problem      r: it is not so -> Change it.',
  );
});

test('findings are JSON when asked for', () => {
  const [text = ''] = printed((print) => printFindings([bad], 'json', print));
  expect(JSON.parse(text)).toEqual({ findings: [bad] });
});

test('every policy is printed under a line that says where it belongs, and so is a boundary', () => {
  const set = {
    roles: [
      { role: 'r', trust: { t: 1 }, permissions: { p: 1 }, boundary: { arn: 'b', document: { d: 1 } } },
    ],
    opener: { o: 1 },
    broker: { b: 1 },
    revokers: [{ role: 'v', permissions: { v: 1 } }],
    check: { c: 1 },
  };
  const titles = printed((print) => printPolicies(set, 'text', print)).map((text) => text.split('\n')[0]);
  expect(titles).toEqual([
    '# trust policy of r',
    '# permission policy of r, as a managed policy',
    '# permissions boundary of r, as the managed policy b',
    '# permission policy of the role on the way',
    '# permission policy of v, which writes denies',
    '# permission policy of the broker',
    '# what the broker needs in addition while `protem aws check` runs',
  ]);
  expect(printed((print) => printPolicies(set, 'json', print)).map((text) => JSON.parse(text))).toEqual([
    set,
  ]);
});
