import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chainStart, recordHash } from '../src/audit/chain.js';
import { verifyLog } from '../src/audit/verify-log.js';
import type { Verdict, VerifyOptions } from '../src/audit/verify-log.js';
import { machine } from './harness/report.js';

/**
 * AUD-03: `protem audit verify` over an export of a million records: how fast next to only reading the lines of it, how
 * much memory, and whether a record that was changed, deleted or moved, and a tail that was cut, is found at any place.
 */
const many = Number(process.env['BENCH_RECORDS'] ?? 1_000_000);
const directory = mkdtempSync(join(tmpdir(), 'protem-bench-'));
const file = join(directory, 'log.jsonl');
const startedAt = 1_790_000_000_000;

const eventOf = (n: number) => ({
  type: 'lease.reserved',
  lease: `lse_${String(n).padStart(14, '0')}`,
  task: `tsk_${String(Math.floor(n / 4)).padStart(8, '0')}`,
  agent: `spiffe://bench.example/agent/${n % 500}`,
  intent: 'the quarterly report of sales',
  entry: 'reports-reader',
  provider: 'aws',
  parameters: { prefix: `reports/${n % 1000}/` },
  ttlSeconds: 900,
  decided: { is: 'permit', because: ['readers'], policyDigest: 'd'.repeat(64), evaluation: `evl_${n}` },
});

async function write(): Promise<{ seq: number; hash: string }> {
  const out = createWriteStream(file);
  let previous = chainStart;
  for (let seq = 1; seq <= many; seq++) {
    const id = `${startedAt + seq}-0`;
    const link = { chain: 'chn_bench', seq, id, previous, event: eventOf(seq) };
    previous = recordHash(link);
    const line = { ...link, hash: previous, at: new Date(startedAt + seq).toISOString() };
    if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return { seq: many, hash: previous };
}

const lines = () => createInterface({ input: createReadStream(file), crlfDelay: Infinity });

/** Runs the work, and says how long it took and how much memory the process had at the most meanwhile. */
async function timed<Result>(work: () => Promise<Result>) {
  let mostBytes = 0;
  const watch = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage().rss)), 50);
  const from = performance.now();
  const result = await work();
  clearInterval(watch);
  return { result, seconds: (performance.now() - from) / 1000, megabytes: mostBytes / 2 ** 20 };
}

async function* damaged(at: number, how: 'changed' | 'deleted' | 'moved' | 'cut'): AsyncGenerator<string> {
  let line = 0;
  let held: string | undefined;
  for await (const text of lines()) {
    line += 1;
    if (how === 'cut' && line >= at) return;
    if (line === at && how === 'deleted') continue;
    if (line === at && how === 'moved') held = text;
    else yield line === at ? text.replace('quarterly', 'quarterlx') : text;
    if (line === at + 1 && held !== undefined) yield held;
  }
}

const verified = (input: AsyncIterable<string>, options: VerifyOptions): Promise<Verdict> =>
  verifyLog(input, options);

const head = await write();
const read = await timed(async () => {
  let count = 0;
  for await (const line of lines()) count += line.length > 0 ? 1 : 0;
  return count;
});
const proof = await timed(() => verified(lines(), { head }));
if (read.result !== many || proof.result.flaw || proof.result.records !== many) throw new Error('not whole');

machine(`${many} records, ${Math.round(statSync(file).size / 2 ** 20)} MB of JSON Lines`);
console.log('| what | seconds | records/s | of reading | most memory |');
console.log('|---|---:|---:|---:|---:|');
for (const [name, { seconds, megabytes }] of [
  ['reading the lines alone', read],
  ['verifying them', proof],
] as const)
  console.log(
    `| ${name} | ${seconds.toFixed(1)} | ${Math.round(many / seconds)} | ${(read.seconds / seconds).toFixed(3)} | ${megabytes.toFixed(0)} MB |`,
  );
const middle = Math.floor(many / 2);
const damages = [
  ['changed', 2],
  ['changed', middle],
  ['changed', many - 1],
  ['deleted', middle],
  ['moved', middle],
  ['cut', many],
] as const;
for (const [how, place] of damages) {
  const { flaw } = await verified(damaged(place, how), { head });
  if (flaw?.line !== place) throw new Error(`${how} at ${place}: ${JSON.stringify(flaw)}`);
}
console.log(`\nfound at its place: ${damages.map(([how, place]) => `${how} at record ${place}`).join(', ')}`);
rmSync(directory, { recursive: true });
