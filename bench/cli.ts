import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { machine } from './harness/report.js';

/** How long `protem` takes to start, next to Node itself: the median of so many runs, one after the other. */
const runs = Number(process.env['BENCH_RUNS'] ?? 21);
const program = fileURLToPath(new URL('../src/main.js', import.meta.url));

/** Answers while this thread waits for the command. */
const server = new Worker(
  `const { parentPort } = require('node:worker_threads');
   const server = require('node:http').createServer((request, response) => response.end('{"items":[]}'));
   server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
  { eval: true },
);
const [port] = (await once(server, 'message')) as [number];
const env = { ...process.env, PROTEM_URL: `http://127.0.0.1:${port}`, PROTEM_TOKEN: 'of-a-bench' };

function medianMs(words: readonly string[]): number {
  const took = Array.from({ length: runs }, () => {
    const from = performance.now();
    const { status, stderr } = spawnSync(process.execPath, words, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
    return performance.now() - from;
  });
  return took.toSorted((one, other) => one - other)[Math.floor(runs / 2)]!;
}

const floor = medianMs(['-e', '0']);
machine(`median of ${runs} starts`);
console.log('| what | ms | of node -e 0 | target |');
console.log('|---|---:|---:|---|');
console.log(`| node -e 0 | ${floor.toFixed(0)} | 1.0 | |`);
for (const words of [['--version'], ['--help'], ['run', '--help'], ['task', 'ls']]) {
  const ms = medianMs([program, ...words]);
  console.log(`| protem ${words.join(' ')} | ${ms.toFixed(0)} | ${(ms / floor).toFixed(1)} | <= 150 ms |`);
}
await server.terminate();
