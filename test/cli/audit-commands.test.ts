import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventDigest } from '../../src/audit/chain.js';
import { checkpointSigner } from '../../src/audit/jws-checkpoint.js';
import { exchangeBy } from '../../src/cli/exchange.js';
import { Refused } from '../../src/cli/refused.js';
import { exportAudit } from '../../src/cli/audit-export.js';
import type { ExportOptions } from '../../src/cli/audit-export.js';
import { exitCodes, verifyAudit } from '../../src/cli/audit-verify.js';
import { logOf } from '../audit/logging.js';

const [ours, others] = ['tsk_aaaaaaaa', 'tsk_bbbbbbbb'];
const log = logOf(12, 'chn_0000000000000001', (seq) => ({
  type: 'task.ended',
  task: seq % 3 === 0 ? ours : others,
  agent: 'a',
  seq,
}));
const directory = mkdtempSync(join(tmpdir(), 'protem-audit-'));
const fileOf = (name: string, text: string) => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};

/** Answers of the API, in pages of five; the first are refused. */
const refusals: [status: number, retryAfter?: string][] = [];
const asked: URL[] = [];
const server = createServer((req, res) => {
  const url = new URL(req.url!, 'http://x');
  asked.push(url);
  const refusal = refusals.shift();
  if (refusal) {
    res.writeHead(refusal[0], refusal[1] === undefined ? {} : { 'retry-after': refusal[1] });
    return res.end(
      JSON.stringify({
        detail: 'No.',
        remedy: 'Do otherwise.',
        errors: [{ pointer: '/query/since', detail: 'odd' }],
      }),
    );
  }
  const from = Number(url.searchParams.get('page_token') ?? 0);
  const task = url.searchParams.get('task');
  const items = log.filter(({ event }) => task === null || event['task'] === task).slice(from, from + 5);
  const next = from + 5 < log.length && items.length === 5 ? { next_page_token: String(from + 5) } : {};
  return res.end(JSON.stringify({ items, ...next }));
});
let url: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

async function exported(options: Partial<ExportOptions> = {}) {
  const lines: string[] = [];
  const said: string[] = [];
  const api = { url, token: () => 't', fetch: exchangeBy({}), sleep: () => Promise.resolve() };
  const done = exportAudit(
    api,
    { format: (record) => record, ...options },
    { write: async (line) => void lines.push(line), say: (text) => said.push(text) },
  );
  return { done, lines, said };
}

async function verified(lines: readonly string[], options = {}): Promise<[number, string]> {
  const said: string[] = [];
  const stdin = Readable.from([lines.map((line) => `${line}\n`).join('')]);
  const code = await verifyAudit('-', options, (line) => said.push(line), stdin);
  return [code, said.join('\n')];
}

test('an export goes through all pages, and is verified from standard input', async () => {
  const { done, lines } = await exported();
  expect(await done).toBe(12);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(log);
  const [code, said] = await verified(lines);
  expect(code).toBe(0);
  expect(said).toContain('records 1 to 12: 12 read');
  expect(said).toContain('without checkpoints');
  expect(said).toContain(`head 12:${log[11]!.hash}`);
});

test('of an empty export nothing was verified, and it does not pass for whole', async () => {
  expect(await verified([])).toEqual([1, 'there is no record: nothing was verified']);
});

test('what is refused for now is asked again; what is refused tells where to go on', async () => {
  refusals.push([503, '1'], [429, '2']);
  expect(await (await exported()).done).toBe(12);
  const { done, said, lines } = await exported({ pageToken: '5' });
  expect(await done).toBe(7);
  expect(JSON.parse(lines[0]!)).toEqual(log[5]);
  refusals.push([403]);
  const refused = await exported({ pageToken: '5' });
  await expect(refused.done).rejects.toThrow(new Refused(403, 'No. Do otherwise.\n  /query/since: odd'));
  expect([said, refused.said]).toEqual([[], ['Go on from here with --page-token 5']]);
});

test('an export of one task can be verified in its place only when the gaps are in it', async () => {
  const part = await exported({ task: ours });
  expect(await part.done).toBe(4);
  expect(asked.at(-1)?.searchParams.get('task')).toBe(ours);
  expect((await verified(part.lines))[0]).toBe(exitCodes.missing);
  const [code, said] = await verified(part.lines, { partial: true });
  expect([code, said]).toEqual([0, expect.stringContaining('8 are not there at all') as unknown]);

  const whole = await exported({ task: ours, withGaps: true });
  expect(await whole.done).toBe(4);
  expect(whole.lines.join('')).not.toContain(others);
  const { hash } = log[11]!;
  const [proven, told] = await verified(whole.lines, { head: `12:${hash}` });
  expect([proven, told]).toEqual([0, expect.stringContaining('8 of them are not shown') as unknown]);
});

test('whole is said only of what is all there', async () => {
  const { hash } = log[11]!;
  const head = `12:${hash}`;
  const part = await exported({ task: ours });
  await part.done;
  const [, ofPart] = await verified(part.lines, { partial: true, head });
  expect(ofPart).toContain(
    'what is here agrees with its own hashes, and 1 of 4 with what was signed; 8 not here',
  );
  expect(ofPart).toContain('1 to 2, 4 to 5, 7 to 8, 10 to 11');
  const lines = log.map(({ event, ...place }, index) =>
    JSON.stringify(index === 4 ? { ...place, digest: eventDigest(event) } : log[index]),
  );
  const [code, ofHidden] = await verified(lines, { head });
  expect(code).toBe(0);
  expect(ofHidden).toContain('1 of them are not shown, and their digests stand for them: 5\n');
  expect(ofHidden).toContain('what is here is as it was chained; 1 not shown');
  const [, early] = await verified(lines.slice(0, 3), { partial: true, head });
  expect(early).toContain('the log had come to record 12, and nothing after 3 is here');
  for (const said of [ofPart, ofHidden, early]) expect(said).not.toContain('is whole');
  expect((await verified(lines, { head, complete: true }))[0]).toBe(exitCodes.incomplete);
});

test('a batch is one list, however many pages it comes from', async () => {
  const { done, lines } = await exported({ isBatch: true });
  expect(await done).toBe(12);
  expect(JSON.parse(lines.join('\n'))).toEqual(log);
  const none = await exported({ isBatch: true, task: 'tsk_cccccccc' });
  expect(await none.done).toBe(0);
  expect(JSON.parse(none.lines.join('\n'))).toEqual([]);
});

test('checkpoints count only with the signature of a key that is given', async () => {
  const pem = () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const [signer, other] = [await checkpointSigner(pem()), await checkpointSigner(pem())];
  const { seq, id, hash, chain } = log[9]!;
  const jws = await signer.sign({ chain, seq, id, hash, at: 0, installation: 'i', epoch: 0 });
  const keys = fileOf('keys.json', JSON.stringify(signer.keys));
  const checkpoints = fileOf('checkpoints.jsonl', `${JSON.stringify({ seq, at: '', jws })}\n`);
  const lines = log.map((line) => JSON.stringify(line));
  expect(await verified(lines, { keys, checkpoints })).toEqual([
    0,
    expect.stringContaining('nothing signed covers what comes after record 10') as unknown,
  ]);
  expect((await verified(lines.slice(0, 8), { keys, checkpoints }))[0]).toBe(exitCodes.cut);
  const strangers = fileOf('others.json', JSON.stringify(other.keys));
  expect((await verified(lines, { keys: strangers, checkpoints }))[0]).toBe(exitCodes.unsigned);
  await expect(verified(lines, { checkpoints })).rejects.toThrow('--keys');
  const page = fileOf('page.json', JSON.stringify({ items: [{ seq, at: '', jws }] }));
  expect((await verified(lines, { keys, checkpoints: page }))[0]).toBe(0);
});

test('each kind of flaw has an exit code of its own, and a file that is not there has none of them', async () => {
  expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
  expect(Math.min(...Object.values(exitCodes))).toBeGreaterThan(2);
  await expect(verifyAudit(join(directory, 'none'), {}, () => {})).rejects.toThrow('ENOENT');
  const [code, said] = await verified(['{}'], { output: 'json' });
  expect(code).toBe(exitCodes.unreadable);
  expect(JSON.parse(said)).toMatchObject({ flaw: { kind: 'unreadable', line: 1 } });
});
