import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseDuration } from '../../src/kernel/duration.js';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { testPolicy } from '../../src/policy/policy-cases.js';
import { loadSettings } from '../../src/settings/load.js';

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[] };
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
};
const hookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** As the engine does: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`; null is handed on from the shell, if set. */
function environmentOf({ environment = {} }: Service, shell: Record<string, string>) {
  const filled: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const text = value ?? shell[name];
    if (text === undefined) continue;
    filled[name] = text.replace(
      /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
      (_, inner: string, kind: string, rest: string) => {
        const given = shell[inner];
        if (given !== undefined && given !== '') return given;
        if (kind === '-') return rest;
        throw new Error(`${inner}: ${rest}`);
      },
    );
  }
  return filled;
}

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

/** Loads the text as the settings file that stands beside config/policy. */
function load(text: string, environment: Record<string, string>) {
  const directory = mkdtempSync(join(tmpdir(), 'protem-settings-'));
  directories.push(directory);
  const file = join(directory, 'protem.yaml');
  writeFileSync(file, text.replace(/^( *directory:) policy\b/m, `$1 ${resolve('config/policy')}`));
  return loadSettings(file, { environment, kinds: providerKinds });
}

/** What is commented out is written with no blank behind the `#`; sentences have one. */
const withoutComments = (text: string) => text.replace(/^(\s*)#(?! [^ ])/gm, '$1');

const example = readFileSync('config/compose.yaml', 'utf8');

test.each(['api', 'worker'])('config/compose.yaml is sound with what docker-compose.yml gives %s', (name) => {
  const service = compose.services[name] ?? {};
  expect(service.volumes).toContain('./config/compose.yaml:/etc/protem/protem.yaml:ro');
  expect(service.volumes).toContain('./config/policy:/etc/protem/policy:ro');
  const settings = load(example, environmentOf(service, { PROTEM_HOOK_SECRET: hookSecret }));
  expect(settings.redis.url).toBe('redis://valkey:6379');
  expect(settings.listen).toEqual({ host: '0.0.0.0', port: 8700 });
  expect([...settings.providers.keys()]).toEqual(['aws', 'vault']);
  expect(
    testPolicy({ directory: settings.policy.directory, catalog: settings.catalog, tools: settings.tools })
      .failed,
  ).toEqual([]);
});

test('without the webhook secret docker-compose.yml says what is missing', () => {
  expect(() => environmentOf(compose.services['api'] ?? {}, {})).toThrow(/whsec_/);
});

test('each thing that config/compose.yaml allows is needed: without it the settings are refused', () => {
  const environment = environmentOf(compose.services['api'] ?? {}, { PROTEM_HOOK_SECRET: hookSecret });
  const { allowUnsafe } = parse(example) as { allowUnsafe: string[] };
  expect(allowUnsafe.length).toBeGreaterThan(0);
  for (const name of allowUnsafe)
    expect(() => load(example.replace(`  - ${name}\n`, ''), environment)).toThrow(`allowUnsafe: [${name}]`);
});

test('what config/compose.yaml has in comments is sound as well', () => {
  const text = withoutComments(example);
  // Either way to log in to Vault, not both: the later one is kept.
  const tree = parse(text, { uniqueKeys: false }) as Record<string, unknown>;
  const settings = load(
    JSON.stringify(tree).replace('"directory":"policy"', `"directory":"${resolve('config/policy')}"`),
    {
      ...environmentOf(compose.services['api'] ?? {}, { PROTEM_HOOK_SECRET: hookSecret }),
      PROTEM_VAULT_SECRET_ID: 'a-secret-id',
      PROTEM_GITHUB_HOOK_SECRET: 'sixteen-characters-or-more',
    },
  );
  expect(settings.issuers.map(({ issuer }) => issuer)).toEqual([
    'https://login.example.com',
    'https://token.actions.githubusercontent.com',
    'https://kubernetes.default.svc.cluster.local',
  ]);
  expect(settings.providers.get('vault')?.settings).toMatchObject({
    auth: { method: 'approle' },
    tokenRole: 'protem',
  });
  expect(Object.keys(settings.hooks)).toEqual(['orchestrator', 'github']);
});

test('what config/protem.yaml has in comments is sound as well', () => {
  const settings = load(withoutComments(readFileSync('config/protem.yaml', 'utf8')), {
    PROTEM_SANDBOX_AWS_SECRET: 'a',
    PROTEM_SANDBOX_VAULT_SECRET: 'b',
    PROTEM_SANDBOX_HOOK_SECRET: hookSecret,
  });
  expect(settings.issuers).toHaveLength(2);
});

test('only the API is reachable from outside, on this machine alone, and every container gets the time to stop', () => {
  const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${port}`),
  );
  expect(published).toEqual(['api 127.0.0.1:8700:8700']);
  const { http, limits } = load(
    example,
    environmentOf(compose.services['api'] ?? {}, { PROTEM_HOOK_SECRET: hookSecret }),
  );
  const neededSeconds = (http.drainMs + http.stopTimeoutMs) / 1000 + limits.revokeTimeout;
  for (const name of ['api', 'worker'])
    expect(parseDuration(compose.services[name]?.stop_grace_period ?? '')).toBeGreaterThan(neededSeconds);
  expect(compose.services['worker']?.command).toEqual(['worker']);
});

test('the health check of docker-compose.yml is one program call that ends by what /readyz says', () => {
  const check = compose.services['api']?.healthcheck?.test ?? [];
  expect(check.slice(0, 3)).toEqual(['CMD', '/nodejs/bin/node', '-e']);
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- it is code, and must be code that runs
  expect(() => new Function(check[3] ?? ')')).not.toThrow();
  expect(check[3]).toContain("fetch('http://127.0.0.1:8700/readyz')");
});
