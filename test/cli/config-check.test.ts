import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { describeConfig } from '../../src/cli/config-check.js';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { loadSettings } from '../../src/settings/load.js';

const environment = {
  PROTEM_SANDBOX_AWS_SECRET: 'an-aws-secret',
  PROTEM_SANDBOX_VAULT_SECRET: 'a-vault-secret',
  PROTEM_SANDBOX_HOOK_SECRET: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
};

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

/** The example of config/, copied to a folder of its own. */
function copied(): string {
  const folder = mkdtempSync(join(tmpdir(), 'protem-config-'));
  folders.push(folder);
  cpSync('config', folder, { recursive: true });
  return folder;
}

const check = (folder: string): string => {
  const file = join(folder, 'protem.yaml');
  return describeConfig(file, loadSettings(file, { environment, kinds: providerKinds }));
};

test('the example is sound, its policy included', () => {
  expect(check(copied())).toMatch(/is sound: .*, \d+ cases of policy\n/);
});

test('what only this machine can reach is named by its place, and by nothing more', () => {
  const [, here] = check(copied()).split('\n');
  expect(here).toMatch(
    /^on this machine, for every other a change: .*issuers\.0\.issuer, .*redis\.url, providers\.aws\.endpoint/,
  );
  expect(here).not.toContain('127.0.0.1');
});

test('settings whose policy folder is not there are not sound', () => {
  const folder = copied();
  rmSync(join(folder, 'policy'), { recursive: true });
  expect(() => check(folder)).toThrow('policy: ');
});

test('nor are those with a policy that the broker would not start with', () => {
  const folder = copied();
  writeFileSync(
    join(folder, 'policy', 'more.cedar'),
    'permit (principal, action, resource) when { nonsense };',
  );
  expect(() => check(folder)).toThrow('more.cedar');
});

test('nor those with a case that does not get its answer', () => {
  const folder = copied();
  writeFileSync(
    join(folder, 'policy', 'cases.yaml'),
    '- { name: odd, credential: reports-db, expect: deny }\n',
  );
  expect(() => check(folder)).toThrow('odd: the answer is "permit", should be "deny"');
});

test('a secret that is not there is told once, by its path and the name that it lacks', () => {
  const file = join(copied(), 'protem.yaml');
  expect(() => loadSettings(file, { environment: {}, kinds: providerKinds })).toThrow(
    expect.objectContaining({
      problems: [
        'providers.aws.credentials.secretAccessKey: the environment has no PROTEM_SANDBOX_AWS_SECRET',
        'providers.vault.auth.secretId: the environment has no PROTEM_SANDBOX_VAULT_SECRET',
        'hooks.orchestrator.secrets.0: the environment has no PROTEM_SANDBOX_HOOK_SECRET',
        'hooks.github.secrets.0: the environment has no PROTEM_SANDBOX_HOOK_SECRET',
        'hooks.pipeline.secrets.0: the environment has no PROTEM_SANDBOX_HOOK_SECRET',
      ],
    }),
  );
});

test('settings that are not there: it is said how to name others', () => {
  const missing = () => loadSettings('/nowhere/protem.yaml', { environment: {}, kinds: providerKinds });
  expect(missing).toThrow('there is no such file; --config or PROTEM_CONFIG names another');
});
