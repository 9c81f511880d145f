import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { wholeProgram } from '../../src/server-commands.js';
import { serverVerbs } from '../../src/server-verbs.js';

const hook = `
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
  import { appendFileSync } from 'node:fs';
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    appendFileSync(process.env.LOADED, found.url + '\\\\n');
    return found;
  }\`));`;

/** The modules that `protem` loads for a command. */
function loadedBy(...words: string[]): string[] {
  const preload = `data:text/javascript,${encodeURIComponent(hook)}`;
  const parameters = ['--import', preload, resolve('build/src/main.js'), ...words];
  const run = [process.execPath, ...parameters]
    .map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`)
    .join(' ');
  const script = `export LOADED=$(mktemp); ${run} >/dev/null 2>&1; cat $LOADED; rm $LOADED`;
  const env = { PATH: process.env['PATH'] ?? '', PROTEM_URL: 'http://127.0.0.1:1', PROTEM_TOKEN: 'x' };
  return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8', env, timeout: 60_000 })
    .trim()
    .split('\n');
}

test.each([
  ['--curl', ['task', 'ls', '--curl']],
  ['run', ['run', '--credential', 'x', '--help']],
  ['lease', ['lease', 'ls', '--help']],
  ['--version', ['--version']],
  ['--help', ['--help']],
  ['a verb that there is not', ['nonsense']],
])(
  'a client verb (%s) loads no broker, no schema library and no driver',
  (_what, words) => {
    const loaded = loadedBy(...words);
    expect(loaded.some((url) => url.endsWith('/cli/client-commands.js'))).toBe(true);
    const packages = loaded.filter((url) => url.includes('/node_modules/') && !url.includes('/commander/'));
    expect(packages).toEqual([]);
    const own = loaded.filter((url) => url.includes('/build/src/'));
    expect(
      own.filter((url) => !/\/build\/src\/(main\.js|server-verbs\.js|cli\/|sdk\/|kernel\/)/.test(url)),
    ).toEqual([]);
  },
  60_000,
);

test('the help of a program that loads no broker names every verb with its own words', () => {
  const described = wholeProgram().commands.map((command) => [command.name(), command.description()]);
  for (const verb of Object.entries(serverVerbs)) expect(described).toContainEqual(verb);
  const help = execFileSync(process.execPath, [resolve('build/src/main.js'), '--help'], { encoding: 'utf8' });
  for (const [name] of described) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
});

test('a client verb asks without loading what is behind fetch', async () => {
  const server = createServer((_request, response) => response.end('{"items":[]}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const watch = `process.on('exit', () => console.error('undici ' + process.moduleLoadList.some((one) => one.includes('undici'))))`;
  const preload = `data:text/javascript,${encodeURIComponent(watch)}`;
  const child = spawn(
    process.execPath,
    ['--import', preload, resolve('build/src/main.js'), 'task', 'ls', '--url', `http://127.0.0.1:${port}`],
    { env: { PATH: process.env['PATH'], PROTEM_TOKEN: 'x' }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said = await text(child.stderr);
  server.close();
  expect(said).toContain('undici false');
});
