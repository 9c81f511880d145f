// Runs one bundled file with the code that V8 compiled for it before, so that a start has nothing to parse. The first run
// leaves that code behind; it holds for one version of Node and one set of its options, and V8 checks both.
// Usage: node scripts/run-compiled.cjs <bundle> [leave]
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname } = require('node:path');
const { Script, constants } = require('node:vm');

const [bundle, leave] = process.argv.slice(2);
const cache = `${bundle}.code`;
const script = new Script(wrap(readFileSync(bundle, 'latin1')), {
  filename: bundle,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  ...(leave === undefined && { cachedData: readFileSync(cache) }),
});
if (script.cachedDataRejected)
  throw new Error(`the code beside ${bundle} is of another Node or other options`);
if (leave !== undefined) process.send = () => true;
script.runInThisContext()(exports, createRequire(bundle), module, bundle, dirname(bundle));
if (leave !== undefined) {
  // With what ran while it loaded.
  writeFileSync(`${cache}.${process.pid}`, script.createCachedData());
  renameSync(`${cache}.${process.pid}`, cache);
  process.exit();
}
