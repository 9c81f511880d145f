// One file of a compiled program and all it imports: a process that is started thousands of times loads in half the time.
// Usage: node scripts/bundle-process.mjs <entry> <outfile>
import { readFileSync, renameSync } from 'node:fs';
import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [entry, outfile] = process.argv.slice(2);

/** Our own code finds the files beside it (the scripts of Redis) where they were, and not beside the bundle. */
const whereItWas = {
  name: 'where-it-was',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, ({ path }) =>
      path.includes(`${sep}node_modules${sep}`)
        ? undefined
        : {
            contents: readFileSync(path, 'utf8').replaceAll(
              'import.meta.url',
              JSON.stringify(pathToFileURL(path).href),
            ),
          },
    );
  },
};

await build({
  entryPoints: [entry],
  outfile: `${outfile}.${process.pid}`,
  bundle: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // It reads its WebAssembly from beside itself.
  external: ['@cedar-policy/cedar-wasm/nodejs'],
  plugins: [whereItWas],
  logLevel: 'warning',
});
// Others may be starting it meanwhile.
renameSync(`${outfile}.${process.pid}`, outfile);
