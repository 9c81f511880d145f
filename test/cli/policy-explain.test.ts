import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { explainPolicy } from '../../src/cli/policy-explain.js';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { loadSettings } from '../../src/settings/load.js';

const directory = mkdtempSync(join(tmpdir(), 'protem-explain-'));
afterAll(() => rmSync(directory, { recursive: true }));

let settings: ReturnType<typeof loadSettings>;
beforeAll(() => {
  const environment = {
    PROTEM_SANDBOX_AWS_SECRET: 'any',
    PROTEM_SANDBOX_VAULT_SECRET: 'any',
    PROTEM_SANDBOX_HOOK_SECRET: `whsec_${Buffer.alloc(24).toString('base64')}`,
  };
  settings = loadSettings('config/protem.yaml', { environment, kinds: providerKinds });
});

function explained(written: object): { code: number; lines: string[] } {
  const file = join(directory, 'case.yaml');
  writeFileSync(file, stringify(written));
  const lines: string[] = [];
  return { code: explainPolicy(settings, file, (line) => void lines.push(line)), lines };
}

test('what is explained is what the table of cases is held against, tools and all', () => {
  const cases = parse(readFileSync('config/policy/cases.yaml', 'utf8')) as { expect: string }[];
  expect(cases.map((one) => explained(one).lines[0])).toEqual(cases.map((one) => one.expect));
});

test('the exit code tells what is missing: nothing, a person, a fresh token, a permit', () => {
  const codes = [
    { tool: 's3.get' },
    { chain: ['s3.get'], tool: 'payments.list' },
    { credential: 'reports-db', chain: ['s3.get'], proof: 'stale', tool: 'report.publish' },
    { tool: 'shell.run' },
  ].map((one) => explained(one).code);
  expect(codes).toEqual([0, 5, 4, 3]);
});
