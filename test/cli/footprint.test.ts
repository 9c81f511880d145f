import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';

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
])(
  'a client verb (%s) loads no broker, no schema library and no driver',
  (_what, words) => {
    const loaded = loadedBy(...words);
    expect(loaded.some((url) => url.endsWith('/cli/client-commands.js'))).toBe(true);
    const packages = loaded.filter((url) => url.includes('/node_modules/') && !url.includes('/commander/'));
    expect(packages).toEqual([]);
    const own = loaded.filter((url) => url.includes('/build/src/'));
    expect(own.filter((url) => !/\/build\/src\/(main\.js|cli\/|sdk\/|kernel\/)/.test(url))).toEqual([]);
  },
  60_000,
);
