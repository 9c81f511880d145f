import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from '@jest/globals';

const sources = readdirSync('console', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.tsx?$/.test(file));
const read = (file: string) => readFileSync(join('console', file), 'utf8');

test('all the JavaScript of the console is at most 60 kB, zipped', async () => {
  const { outputFiles } = await build({
    entryPoints: ['console/main.tsx'],
    bundle: true,
    minify: true,
    write: false,
    outdir: 'unwritten',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  const script = outputFiles.find(({ path }) => path.endsWith('.js'))!;
  expect(gzipSync(script.contents, { level: 9 }).length).toBeLessThanOrEqual(60_000);
});

test('the console takes from the broker only the shapes of the API, and those only as types', () => {
  const packages = new Set([
    'preact',
    'preact/hooks',
    '@preact/signals',
    'uplot',
    'uplot/dist/uPlot.min.css',
  ]);
  const wrong = sources.flatMap((file) =>
    [...read(file).matchAll(/^import\s(type\s)?[^;]*?'([^']+)'/gm)].flatMap(([, type, from = '']) => {
      if (!from.startsWith('.')) return packages.has(from) ? [] : [`${file} imports ${from}`];
      const target = posix.normalize(posix.join('console', posix.dirname(file), from));
      if (target.startsWith('console/')) return [];
      return type !== undefined && target.startsWith('src/wire/') ? [] : [`${file} imports ${target}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('no text becomes markup or script anywhere in it', () => {
  const risky =
    /innerHTML|outerHTML|dangerouslySet|insertAdjacent|document\.write|eval\(|new Function|srcdoc/;
  expect(sources.filter((file) => risky.test(read(file)))).toEqual([]);
});

test('no file of it outgrows a screenful of ideas', () => {
  expect(sources.filter((file) => read(file).split('\n').length > 301)).toEqual([]);
});
