import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { providerKinds } from '../src/issuance/providers/registry.js';
import { commandsToTry } from '../src/sandbox/story/commands-to-try.js';
import { testPolicy } from '../src/policy/policy-cases.js';
import { loadSettings } from '../src/settings/load.js';
import { operations } from '../src/wire/operations.js';
import { blocksOf, differencesOf, installPackage, linksOf } from './document.js';
import type { Block } from './document.js';
import { startSandboxBroker } from './setup/sandbox-broker.js';
import { canRun, findProgram } from './stack/program.js';

const pagesIn = (folder: string) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
const documents = [
  ...pagesIn('docs'),
  ...pagesIn('docs/orchestrators'),
  ...[...providerKinds.keys()].map((kind) => join('src/issuance/providers', kind, 'README.md')),
];
const blocks = documents.flatMap(blocksOf);
const isRun = ({ language, tag }: Block) =>
  ['sh', 'js'].includes(language) && ['sandbox', 'repository'].includes(tag);

const programs = Object.fromEntries(['bash', 'curl', 'openssl'].map((name) => [name, findProgram(name)]));
const haveShell = canRun('the commands of the documents', programs);
const testWithShell = haveShell ? test : test.skip;

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
const directory = mkdtempSync(join(tmpdir(), 'protem-docs-'));

beforeAll(async () => {
  installPackage(directory);
  sandbox = await startSandboxBroker();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

/** Runs a program where it cannot litter; its output, or an error with all that it printed. */
async function run(program: string, ...parameters: string[]): Promise<string> {
  const environment = { PATH: process.env['PATH'] ?? '', HOME: directory, ...sandbox.variables };
  const options = { cwd: directory, env: environment, timeout: 60_000 };
  const { stdout } = await promisify(execFile)(program, parameters, options).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${parameters.join(' ').slice(0, 200)}\n${stdout}\n${stderr}`);
  });
  return stdout;
}

const runScript = (name: string, lines: readonly string[]): Promise<string> => {
  const file = join(directory, name);
  const program = `protem() { node '${resolve('build/src/main.js')}' "$@"; }`;
  writeFileSync(file, ['set -euo pipefail', program, ...lines, ''].join('\n'));
  return run('bash', file);
};

/** A document is one session of a shell: what a block sets, those after it have. */
async function runDocument(own: readonly Block[]): Promise<string[]> {
  const script = own
    .filter(isRun)
    .map(({ file, line, language, tag, text }) => [
      `printf '\\036'; printf '%s\\n' '--- ${file}:${line}' >&2`,
      `cd '${tag === 'repository' ? process.cwd() : directory}'`,
      language === 'js' ? `node --input-type=module <<'END_OF_BLOCK'\n${text}\nEND_OF_BLOCK` : text,
    ]);
  const output = await runScript('document.sh', script.flat());
  return output.split('\u001e').slice(1);
}

function answersOf(own: readonly Block[], outputs: readonly string[]): string[] {
  const wrong: string[] = [];
  let nth = -1;
  for (const [index, block] of own.entries()) {
    if (isRun(block)) nth++;
    if (block.tag !== 'answer') continue;
    const before = own[index - 1];
    if (!before || !isRun(before)) throw new Error(`${block.file}:${block.line}: an answer to nothing`);
    const given = (outputs[nth] ?? '').trim();
    const differences =
      block.language === 'json'
        ? differencesOf(JSON.parse(block.text), JSON.parse(given))
        : [given === block.text.trim() ? '' : `is\n${given}`].filter((text) => text !== '');
    wrong.push(...differences.map((difference) => `${block.file}:${block.line}: ${difference}`));
  }
  return wrong;
}

for (const file of documents) {
  const own = blocks.filter((block) => block.file === file);
  if (!own.some(isRun)) continue;
  testWithShell(
    `${file}: every command block runs in the sandbox, and answers what is shown`,
    async () => {
      expect(answersOf(own, await runDocument(own))).toEqual([]);
    },
    90_000,
  );
}

testWithShell('the commands that `npm start` prints do what they say', async () => {
  const lines = commandsToTry(sandbox.places).map((line) => line.replace(/^ {2}/, ''));
  const from = lines.findIndex((line) => line.startsWith('export '));
  const commands = lines.slice(from).filter((line) => !line.startsWith('Then, '));
  const file = join(directory, 'story.sh');
  writeFileSync(file, ['set -euo pipefail', ...commands, 'command protem --version', ''].join('\n'));
  const output = await run('bash', file);
  expect(output.trim().split('\n').at(-1)).toBe('0.1.0');
  expect(output).toContain('"connected"');
  expect(output).toContain('"effect":"ended"');
  expect(output).toContain('password authentication failed');
  expect(output).toMatch(/^lse_\w+ revoked$/m);
  expect(output).toMatch(/^\d+ lease\.revoked$/m);
  // Each answer has a line of its own.
  expect(output.split('\n').filter((line) => line.includes('}{'))).toEqual([]);
});

testWithShell(
  'examples/curl.sh tells the whole story by hand',
  async () => {
    const output = await run('bash', resolve('examples/curl.sh'));
    expect(output).toContain('refused');
    expect(output).toContain('S3 answers <Code>AccessDenied</Code>');
    expect(output.trim().split('\n').at(-1)).toBe('Done: what was allowed is refused.');
  },
  60_000,
);

test('examples/node-agent.mjs gets a credential, uses it, and loses it with its task', async () => {
  const output = await run(process.execPath, resolve('examples/node-agent.mjs'));
  expect(output.trim().split('\n').at(-1)).toBe('Done: the credential was revoked at the provider.');
}, 60_000);

/** Why a block of commands is not run; anything else is a mistake. */
const reasons = new Set(['needs-vault', 'needs-a-deployment']);

test('no command block is left out without a reason', () => {
  const shells = blocks.filter(({ language }) => ['sh', 'bash', 'shell', 'console', 'js'].includes(language));
  const odd = shells.filter((block) => !isRun(block) && !reasons.has(block.tag));
  expect(odd.map(({ file, line }) => `${file}:${line}`)).toEqual([]);
  expect(shells.filter(isRun).length).toBeGreaterThan(20);
  const left = shells
    .filter((block) => !isRun(block))
    .map(({ file, line, tag }) => `${file}:${line} (${tag})`);
  process.stderr.write(`command blocks that no test runs: ${left.join(', ')}\n`);
});

type Sections = Record<string, unknown>;

/** The sandbox's settings with sections in them that a document shows. */
function settingsWith(shown: object, more: object) {
  const base = parse(readFileSync('config/protem.yaml', 'utf8')) as Sections;
  const sections = merged(shown as Sections, more as Sections);
  const file = join(directory, 'protem.yaml');
  // What a file of a secret would hold comes from the environment here.
  const inEnvironment = (key: string, value: unknown): unknown =>
    key === 'password' && typeof value === 'object' ? { env: 'A_PASSWORD' } : value;
  const tree = {
    ...merged(base, sections),
    policy: { directory: resolve('config/policy') },
  };
  const text = JSON.stringify(tree, inEnvironment);
  writeFileSync(file, text);
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const names = [...text.matchAll(/"env":"(\w+)"/g)].map(([, name = '']) => [name, secret]);
  const settings = loadSettings(file, { environment: Object.fromEntries(names), kinds: providerKinds });
  return { settings, sections };
}

const loadWith = (shown: object, more: object): Sections => settingsWith(shown, more).sections;

const byName = ['providers', 'catalog', 'hooks', 'redis', 'limits', 'http'];
const merged = (base: Sections, more: Sections): Sections => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(more).map(([name, section]) => [
      name,
      byName.includes(name) ? { ...(base[name] as object), ...(section as object) } : section,
    ]),
  ),
});

const yamlBlocks = blocks.filter(({ language, tag }) => language === 'yaml' && tag === '');

test.each(yamlBlocks.map((block) => [`${block.file}:${block.line}`, block] as const))(
  '%s: the settings that are shown are sound, beside those shown before',
  (_place, { file, line }) => {
    const before = yamlBlocks.filter((block) => block.file === file && block.line <= line);
    expect(() => before.map(({ text }) => parse(text) as object).reduce(loadWith, {})).not.toThrow();
  },
);

test('examples/github-actions.yml proves itself by its OIDC token, and the webhook that ends its task is sound', () => {
  const text = readFileSync('examples/github-actions.yml', 'utf8');
  const { permissions, jobs } = parse(text) as {
    permissions: object;
    jobs: { agent: { name: string; steps: { run: string }[] } };
  };
  expect(permissions).toEqual({ 'id-token': 'write' });
  expect(jobs.agent.name).toMatch(/ \$\{\{ inputs\.task \}\}$/);
  const [, shown = ''] = /^#   (issuers:[\s\S]*?)^name:/m.exec(text) ?? [];
  const sections = shown
    .split('\n')
    .map((line, index) => (index === 0 ? line : (/^#   (.*)$/.exec(line)?.[1] ?? '')))
    .join('\n');
  expect(Object.keys(loadWith({}, parse(sections) as object))).toEqual(['issuers', 'hooks']);
  const { status, stderr } = spawnSync(programs['bash'] ?? 'bash', ['-n'], {
    input: jobs.agent.steps[0]?.run,
  });
  if (haveShell) expect([status, String(stderr)]).toEqual([0, '']);
});

test('docs/policy.md: its policies load beside those of config/policy, and all cases get their answers', () => {
  const folder = mkdtempSync(join(directory, 'policy-'));
  cpSync('config/policy', folder, { recursive: true });
  const own = blocksOf('docs/policy.md');
  const textOf = (...is: [string, string]) =>
    own.filter(({ language, tag }) => language === is[0] && tag === is[1]).map(({ text }) => text);
  writeFileSync(join(folder, 'shown.cedar'), textOf('cedar', '').join('\n'));
  expect(textOf('cedarschema', '')).toEqual([
    readFileSync('config/policy/protem.cedarschema', 'utf8').trim(),
  ]);
  const cases = textOf('yaml', 'cases').join('\n');
  const { catalog } = settingsWith({}, {}).settings;
  const ownCases = join(folder, 'cases.yaml');
  writeFileSync(ownCases, cases);
  const shown = (parse(cases) as unknown[]).length;
  expect(testPolicy({ directory: folder, catalog })).toEqual({ passed: shown, failed: [] });
});

test('the provider that docs/adding-a-provider.md shows is the one that the contract suite runs on', () => {
  const [shown] = blocksOf('docs/adding-a-provider.md').filter(({ language }) => language === 'ts');
  expect(readFileSync('test/issuance/providers/example-provider.ts', 'utf8')).toContain(`\n${shown?.text}\n`);
});

test('every link of the documents leads to a file', () => {
  const dead = [
    ...documents,
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'llms.txt',
    'skills/protem/SKILL.md',
  ].flatMap((file) =>
    linksOf(file)
      .filter((target) => !existsSync(join(dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test('docs/README.md and llms.txt lead to every page', () => {
  const all = documents.filter((file) => /^docs\/[^/]+\.md$/.test(file) && file !== 'docs/README.md');
  const from = (file: string) => linksOf(file).map((target) => join(dirname(file), target));
  const linked = new Set(from('docs/README.md'));
  expect(all.filter((file) => !linked.has(file))).toEqual([]);
  expect(from('llms.txt').length).toBeGreaterThan(10);
});

test('docs/api.md shows every call there is', () => {
  const text = readFileSync('docs/api.md', 'utf8');
  const missing = Object.values(operations)
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    .filter((call) => !text.includes(`\`${call}`));
  expect(missing).toEqual([]);
});

test('docs/operations.md names every metric there is, and no other', async () => {
  const page = await (await fetch(`${sandbox.places.api}/metrics`)).text();
  const real = [...page.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  const named = readFileSync('docs/operations.md', 'utf8').matchAll(/\bprotem_[a-z_]+/g);
  const flown = /^protem_canary_(revoke_lag|last)/; // there only where there is a canary
  const told = [...named]
    .map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
    .filter((name) => !flown.test(name));
  expect([...new Set(told)].toSorted()).toEqual(real.toSorted());
});
