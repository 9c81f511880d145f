import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { cliReference } from '../src/cli/reference.js';
import { providerKinds } from '../src/issuance/providers/registry.js';
import { pythonOperations } from '../src/wire/python-operations.js';
import { wholeProgram } from '../src/server-commands.js';
import { settingsJsonSchema } from '../src/settings/json-schema.js';
import { settingsReference } from '../src/settings/reference.js';

// docs/errors.md and docs/openapi.json: test/wire/openapi.test.ts.

test('docs/configuration.md is what the code says; `npm run docs` writes it', () => {
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(settingsReference(providerKinds));
});

test('docs/cli.md is what the commands say; `npm run docs` writes it', () => {
  const text = readFileSync('docs/cli.md', 'utf8');
  const [head = ''] = text.split(/(?<=^<!-- What follows .*-->\n)/m);
  expect(text).toBe(cliReference(head, wholeProgram()));
});

test('the Python client knows the calls that there are; `npm run docs` writes them', () => {
  const file = 'clients/python/protem/operations.py';
  expect(readFileSync(file, 'utf8')).toBe(pythonOperations());
});

test('config/protem.schema.json is what the code says; `npm run docs` writes it', () => {
  expect(JSON.parse(readFileSync('config/protem.schema.json', 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(settingsJsonSchema(providerKinds))),
  );
});

test('every setting has a sentence', () => {
  const rows = settingsReference(providerKinds)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter((row) => /\|\s*\|$/.test(row))).toEqual([]);
});

test('the reference shows defaults as they are written in a file, and bounds', () => {
  const reference = settingsReference(providerKinds);
  for (const row of [
    '| `limits.retention` | duration | `7d` |',
    '| `http.bodyBytes` | whole number, 1024 to 1048576 | `65536` |',
    '| `hooks.{{name}}.header` | text like `^[A-Za-z0-9-]{1,64}$` | `authorization` |',
    '| `redis.password` | a secret |',
    '| `redis.url` | text like `^rediss?:\\/\\/` | required, here or as `PROTEM_REDIS_URL` |',
    '| `providers.{{name}}.kind` | `vault` | required |',
  ])
    expect(reference).toContain(row);
});

function judge() {
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  return ajv.compile(settingsJsonSchema(providerKinds));
}

const sandbox = () => parse(readFileSync('config/protem.yaml', 'utf8')) as Record<string, object>;

test.each(['protem.yaml', 'compose.yaml'])('config/%s names the schema for editors, and is of it', (file) => {
  const text = readFileSync(`config/${file}`, 'utf8');
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=protem.schema.json');
  const isOfSchema = judge();
  expect([isOfSchema(parse(text)), isOfSchema.errors]).toEqual([true, null]);
});

test('the schema for editors finds what the program would refuse', () => {
  const isOfSchema = judge();
  expect(isOfSchema(sandbox())).toBe(true);
  const wrong: Record<string, object>[] = [
    { surplus: {} },
    { limits: { retention: 'a week' } },
    { limits: { retention: 7 } },
    { http: { bodyBytes: 1 } },
    { redis: { url: 'http://127.0.0.1' } },
    { redis: { password: 'in clear' } },
    { providers: { aws: { kind: 'aws-sts' } } },
    { providers: { aws: { kind: 'aws', region: 'eu-central-1' } } },
    { providers: { vault: { kind: 'vault', address: 'https://vault.example', auth: { method: 'magic' } } } },
    { catalog: { one: { ...Object.values(sandbox()['catalog'] ?? {})[0], mint: { role: 'admin' } } } },
    { hooks: { github: { scheme: 'github', secrets: [{ env: 'SECRET' }] } } },
    { allowUnsafe: ['everything'] },
  ];
  for (const section of wrong)
    expect([section, isOfSchema({ ...sandbox(), ...section })]).toEqual([section, false]);
});

test('what the environment can give need not stand in the file', () => {
  const { audience: _audience, redis: _redis, ...rest } = sandbox();
  expect(judge()(rest)).toBe(true);
  const { policy: _policy, ...less } = rest;
  expect(judge()(less)).toBe(false);
});
