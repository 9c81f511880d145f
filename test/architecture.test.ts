import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { expect, test } from '@jest/globals';

/** Each folder may import itself and what stands here; `docs` of the rule: CONTRIBUTING.md. */
const stages = [
  'kernel',
  'identity',
  'task',
  'policy',
  'approval',
  'notification',
  'issuance',
  'lease',
  'revocation',
  'audit',
  'ledger',
  'broker',
];
const upTo = (stage: string) => stages.slice(0, stages.indexOf(stage));

const mayImport: Record<string, readonly string[]> = {
  ...Object.fromEntries(stages.map((stage) => [stage, upTo(stage)])),
  wire: ['kernel'],
  // http/limits.ts has the schema of its section of the settings.
  settings: [...stages, 'http'],
  http: [...stages, 'wire'],
  worker: stages,
  mcp: ['wire', 'sdk', 'kernel'],
  // Whoever verifies the log follows its chain with the code that made it.
  cli: ['wire', 'settings', 'policy', 'audit', 'kernel', 'sdk'],
  sandbox: ['kernel'],
  // Shapes and the Secret; what runs in it is its own, so that it also loads in a browser, and fast.
  sdk: ['wire', 'kernel'],
};
const composing = new Set([
  'compose.ts',
  'main.ts',
  'aws-command.ts',
  'mcp-command.ts',
  'server-commands.ts',
  'doctor-command.ts',
  'audit-command.ts',
  'sandbox-command.ts',
  'sandbox-world.ts',
  'compose',
]);
const isFree = (file: string) => composing.has(file.split('/')[0] ?? '');

/** Drivers stay in the adapters that are named for them. */
const drivers: Record<string, RegExp> = {
  ioredis: /^(ledger\/redis-|revocation\/bullmq-|ledger\/script\.ts)/,
  bullmq: /^(revocation|notification)\/bullmq-/,
  jose: /^(identity\/|sandbox\/|issuance\/sealing\/|sdk\/jose-|audit\/jws-)/,
  '@cedar-policy/cedar-wasm/nodejs': /^policy\/cedar-/,
  '@aws-sdk/client-iam': /^issuance\/providers\/aws-sts\//,
  '@aws-sdk/client-sts': /^issuance\/providers\/aws-sts\//,
  'node-vault': /^issuance\/providers\/vault\//,
  '@peculiar/asn1-schema': /^identity\/x509\//,
  '@peculiar/asn1-x509': /^identity\/x509\//,
  express: /^http\//,
  '@modelcontextprotocol/server': /^mcp\//,
  '@modelcontextprotocol/server/stdio': /^mcp\//,
  'prom-client': /^http\/prometheus-/,
  'rate-limiter-flexible': /^http\/rate\.ts/,
  yaml: /^(settings|policy|cli)\//,
  '@opentelemetry/api': /^compose\/otel-tracing\.ts/,
};

const root = join(process.cwd(), 'src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

export function violationsOf(file: string, text: string): string[] {
  const found: string[] = [];
  const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : file;
  for (const [, specifier] of text.matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
    if (specifier === undefined || isFree(file)) continue;
    if (!specifier.startsWith('.')) {
      const allowed = drivers[specifier];
      if (allowed && !allowed.test(file)) found.push(`${file} imports the driver ${specifier}`);
      continue;
    }
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    const targetFolder = target.includes('/') ? target.slice(0, target.indexOf('/')) : target;
    if (targetFolder !== folder && !(mayImport[folder] ?? []).includes(targetFolder))
      found.push(`${file} imports ${target}`);
  }
  if (/process\.env/.test(text) && folder !== 'settings' && !isFree(file))
    found.push(`${file} reads process.env`);
  return found;
}

test('every import goes from right to left: entry points, broker, stages, kernel', () => {
  const violations = files.flatMap((file) => violationsOf(file, readFileSync(join(root, file), 'utf8')));
  expect(violations).toEqual([]);
});

test('the import rule sees what it should', () => {
  expect(violationsOf('task/task.ts', "import { x } from '../broker/grant.js';")).toHaveLength(1);
  expect(violationsOf('http/server.ts', "import { x } from '../worker/sweep.js';")).toHaveLength(1);
  expect(violationsOf('wire/lease.ts', "import type { L } from '../lease/lease.js';")).toHaveLength(1);
  expect(violationsOf('lease/lease.ts', "import { Redis } from 'ioredis';")).toHaveLength(1);
  expect(violationsOf('broker/grant.ts', 'const x = process.env.X;')).toHaveLength(1);
  expect(violationsOf('ledger/redis-leases.ts', "import type { Redis } from 'ioredis';")).toEqual([]);
  expect(violationsOf('broker/grant.ts', "import type { Lease } from '../lease/lease.js';")).toEqual([]);
});

test('no file outgrows a screenful of ideas', () => {
  const tooLong = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301);
  expect(tooLong).toEqual([]);
});

test('no folder is a drawer', () => {
  const drawers = files.filter((file) =>
    /(^|\/)(utils?|helpers?|common|misc|types|interfaces|managers?|services)(\/|\.ts$)/.test(
      relative('.', file),
    ),
  );
  expect(drawers).toEqual([]);
});
