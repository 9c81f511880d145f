import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { bridgeMcp } from '../mcp/http-bridge.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { canRun, findProgram } from './program.js';

jest.setTimeout(180_000);

// The suite of the Model Context Protocol itself, from npm; .ci/run installs it.
const suite = findProgram('conformance', process.env['PROTEM_MCP_CONFORMANCE']);
const testHere = canRun('the conformance suite of MCP', { conformance: suite }) ? test : test.skip;

interface Expected {
  /** Of the revisions of 2025, which share their scenarios: those that say something of a server of its own tools. */
  readonly scenariosOf2025: readonly string[];
  /** Checks of 2026-07-28 that fail, by the reason why. */
  readonly failuresOf2026: Readonly<Record<string, readonly string[]>>;
}
const expected = parse(readFileSync('test/stack/mcp-conformance.yaml', 'utf8')) as Expected;

/** The suite takes `globSync` from `fs`, which Node 20 has not, for a command that is not used here. */
const globless = `import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
  export const resolve = (name, context, next) =>
    name === 'fs' && context.parentURL?.includes('conformance') ? { url: 'with:glob', shortCircuit: true } : next(name, context);
  export const load = (url, context, next) =>
    url === 'with:glob'
      ? { format: 'module', shortCircuit: true, source: "export * from 'node:fs'; export { default } from 'node:fs'; export const globSync = () => [];" }
      : next(url, context);
\`));`;

const directory = mkdtempSync(join(tmpdir(), 'protem-conformance-'));
let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let bridge: Awaited<ReturnType<typeof bridgeMcp>>;
beforeAll(async () => {
  sandbox = await startSandboxBroker();
  const body = new URLSearchParams({ subject: 'reporter' });
  const answer = await fetch(`${sandbox.places.issuer}/token`, { method: 'POST', body });
  const { access_token } = (await answer.json()) as { access_token: string };
  const environment = { ...process.env, PROTEM_URL: sandbox.places.api, PROTEM_TOKEN: access_token };
  const words = [resolve('build/src/main.js'), 'mcp', '--intent', 'conformance', '--directory', directory];
  bridge = await bridgeMcp(process.execPath, words, environment);
});
afterAll(async () => {
  await bridge.close();
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** What the suite finds, by the name of its scenario. */
async function conformance(...words: string[]): Promise<Map<string, readonly Check[]>> {
  const results = mkdtempSync(join(directory, 'results-'));
  const loader = `data:text/javascript,${encodeURIComponent(globless)}`;
  const child = spawn(
    process.execPath,
    ['--import', loader, suite ?? '', 'server', '--url', bridge.url, '-o', results, ...words],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const found = readdirSync(results).map((folder) => {
    const [, scenario = folder] = /^server-(.*)-\d{4}-\d\d-\d\dT/.exec(folder) ?? [];
    const checks = JSON.parse(readFileSync(join(results, folder, 'checks.json'), 'utf8')) as Check[];
    return [scenario, checks] as const;
  });
  if (found.length === 0) throw new Error(said);
  return new Map(found);
}

const failuresOf = (found: ReadonlyMap<string, readonly Check[]>) =>
  [...found].flatMap(([scenario, checks]) =>
    checks.filter(({ status }) => status === 'FAILURE').map(({ id }) => `${scenario} ${id}`),
  );

testHere('MCP 2025-11-25: nothing fails that a server of its own tools can be asked', async () => {
  const found = new Map<string, readonly Check[]>();
  // One after the other: the suite gives up on a server that is slow because many start at once.
  for (const scenario of expected.scenariosOf2025)
    for (const [name, checks] of await conformance('--scenario', scenario, '--spec-version', '2025-11-25'))
      found.set(name, checks);
  for (const scenario of expected.scenariosOf2025)
    expect([scenario, found.get(scenario)?.some(({ status }) => status === 'SUCCESS')]).toEqual([
      scenario,
      true,
    ]);
  expect(failuresOf(found)).toEqual([]);
});

testHere('MCP 2026-07-28: what fails is what is known to, each for a reason', async () => {
  const found = await conformance('--suite', 'all', '--spec-version', '2026-07-28');
  const failed = new Set(failuresOf(found));
  expect([...failed].toSorted()).toEqual(Object.values(expected.failuresOf2026).flat().toSorted());
  const passed = [...found.values()].flat().filter(({ status }) => status === 'SUCCESS').length;
  process.stderr.write(`MCP 2026-07-28: ${passed} checks passed, ${failed.size} fail as they are known to\n`);
  expect(passed).toBeGreaterThan(50);
});
