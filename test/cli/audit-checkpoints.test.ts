import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { checkpointSigner } from '../../src/audit/jws-checkpoint.js';
import { exportCheckpoints } from '../../src/cli/audit-checkpoints.js';
import { exitCodes, verifyAudit } from '../../src/cli/audit-verify.js';
import { UsageError } from '../../src/cli/terminal.js';
import { logOf } from '../audit/logging.js';

const log = logOf(120);
const directory = mkdtempSync(join(tmpdir(), 'protem-checkpoints-'));
const fileOf = (name: string, text: string) => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};
let keys: string;
let signed: { readonly seq: number; readonly at: string; readonly jws: string }[];

beforeAll(async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = await checkpointSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  keys = fileOf('keys.json', JSON.stringify(signer.keys));
  signed = await Promise.all(
    log.map(async ({ chain, seq, id, hash, at }) => {
      const said = { chain, seq, id, hash, at: Date.parse(at), installation: 'i', epoch: 0 };
      return { seq, at, jws: await signer.sign(said) };
    }),
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A page of fifty, as the API gives it where nobody asks for more. */
function pageFrom(from: number) {
  const next = from + 50 < signed.length ? { next_page_token: String(from + 50) } : {};
  return { items: signed.slice(from, from + 50), ...next };
}

async function taken(refuseAt?: number, from?: string) {
  const lines: string[] = [];
  const said: string[] = [];
  const fetch = (url: string) => {
    const at = Number(new URL(url).searchParams.get('page_token') ?? 0);
    return Promise.resolve(
      at === refuseAt ? new Response('{}', { status: 403 }) : Response.json(pageFrom(at)),
    );
  };
  const done = exportCheckpoints(
    { url: 'http://broker.example', token: () => 't', fetch },
    { write: async (line) => void lines.push(line), say: (text) => said.push(text) },
    from,
  );
  return { done, lines, said };
}

async function verified(count: number, checkpoints: string): Promise<[number, string]> {
  const lines = log.slice(0, count).map((line) => `${JSON.stringify(line)}\n`);
  const said: string[] = [];
  const export_ = fileOf('log.jsonl', lines.join(''));
  return [await verifyAudit(export_, { keys, checkpoints }, (line) => said.push(line)), said.join('\n')];
}

test('AUD-03: the checkpoints of all pages are taken, and tell of an end that was cut off after the first page', async () => {
  const { done, lines } = await taken();
  expect(await done).toBe(120);
  const checkpoints = fileOf('checkpoints.jsonl', lines.join('\n'));
  expect(await verified(120, checkpoints)).toEqual([0, expect.stringContaining('the log is whole')]);
  expect((await verified(60, checkpoints))[0]).toBe(exitCodes.cut);
});

test('AUD-03: one page of the checkpoints does not pass for all of them', async () => {
  const page = fileOf('page.json', JSON.stringify(pageFrom(0)));
  await expect(verified(60, page)).rejects.toThrow(UsageError);
  await expect(verified(60, page)).rejects.toThrow('protem audit checkpoints');
  const last = fileOf('last.json', JSON.stringify(pageFrom(100)));
  expect((await verified(120, last))[0]).toBe(0);
});

test('who is refused on the way is told where to go on', async () => {
  const { done, lines, said } = await taken(50);
  await expect(done).rejects.toThrow('403');
  expect([lines.length, said]).toEqual([50, ['Go on from here with --page-token 50']]);
  const rest = await taken(undefined, '50');
  expect(await rest.done).toBe(70);
});
