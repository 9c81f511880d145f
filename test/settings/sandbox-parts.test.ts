import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { problemsOf, sound } from './settings-file.js';

const allowed = 'allowUnsafe: [sandbox-parts]';
const sandbox = parse(readFileSync('config/protem.yaml', 'utf8')) as Record<string, unknown>;
const secrets = Object.fromEntries(
  ['AWS', 'VAULT', 'HOOK'].map((name) => [
    `PROTEM_SANDBOX_${name}_SECRET`,
    `whsec_${Buffer.alloc(32).toString('base64')}`,
  ]),
);

test("OPS-08: the sandbox's own settings serve nobody else, unless they say so", () => {
  const problems = problemsOf({ ...sandbox, allowUnsafe: [] }, secrets);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toMatch(/^trustDomains\.0\.name: /);
  expect(problems[1]).toMatch(/^providers\.aws\.credentials: /);
  for (const problem of problems) expect(problem).toContain(allowed);
  expect(problemsOf({ ...sandbox, allowUnsafe: ['sandbox-parts'] }, secrets)).toEqual([]);
});

test('each part of it is one too many', () => {
  expect(problemsOf({ ...sound, trustDomains: sandbox['trustDomains'] })).toEqual([
    expect.stringContaining(allowed),
  ]);
  const { aws } = sandbox['providers'] as { aws: object };
  const providers = { ...sound.providers, aws };
  expect(problemsOf({ ...sound, providers }, secrets)).toEqual([expect.stringContaining(allowed)]);
});
