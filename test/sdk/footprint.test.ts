import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';

// What a program loads, by a hook of Node's own that lists every module it resolves.
const listing = `
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
  import { writeSync } from 'node:fs';
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    writeSync(1, found.url + '\\\\n');
    return found;
  }\`));
await import(process.argv[1]);`;

const loadedBy = (file: string): string[] =>
  execFileSync(process.execPath, ['--input-type=module', '-e', listing, pathToFileURL(resolve(file)).href], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n');

test('the SDK loads nothing but itself and the Secret: no schema library, no keys, nothing of Node', () => {
  const loaded = loadedBy('build/src/sdk/index.js');
  const foreign = loaded.filter((url) => !/\/build\/src\/(sdk\/|kernel\/secret\.js)/.test(url));
  expect(foreign).toEqual([]);
  expect(loaded.length).toBeGreaterThan(5);
});
