// The pages of the console: one script and one style sheet, each named by the hash of its content.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

const out = `${process.argv[2]}/console`;
rmSync(out, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { console: 'console/main.tsx', icon: 'console/icon.svg' },
  loader: { '.svg': 'copy' },
  outdir: `${out}/assets`,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'eof',
  metafile: true,
});
const built = (extension) => basename(Object.keys(metafile.outputs).find((file) => file.endsWith(extension)));
const page = readFileSync('console/index.html', 'utf8')
  .replace('console.js', `/console/assets/${built('.js')}`)
  .replace('console.css', `/console/assets/${built('.css')}`)
  .replace('icon.svg', `/console/assets/${built('.svg')}`);
mkdirSync(out, { recursive: true });
writeFileSync(`${out}/index.html`, page);
