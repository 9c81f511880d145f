import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CheckpointSigner } from '../../src/audit/checkpoint.js';
import { checkpointSigner, verifyCheckpoint } from '../../src/audit/jws-checkpoint.js';
import { verifyLog } from '../../src/audit/verify-log.js';
import { Secret } from '../../src/kernel/secret.js';
import { noStops } from '../../src/ledger/stops.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import type { RedisClient } from '../../src/ledger/script.js';
import { fileAnchor, webhookAnchor } from '../../src/worker/anchors.js';
import { checkpoints, signIfDue } from '../../src/worker/checkpoints.js';
import { renderRecord } from '../../src/http/render.js';
import { textOf } from '../audit/logging.js';
import { signal } from '../fake/signal.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

const signer: CheckpointSigner = await checkpointSigner(
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
);
const always = { everyMs: 0, everyRecords: 1 };

describe.each(backends)('checkpoints on $name', ({ url }) => {
  async function logging() {
    const prefix = uniquePrefix();
    const redis = await connected(url);
    const ledger = redisLedger(redis, { prefix });
    const errors: string[] = [];
    const log = {
      info() {},
      warn() {},
      error: (_facts: object, message: string) => void errors.push(message),
    };
    const write = async (count: number) => {
      for (let n = 0; n < count; n += 1)
        await ledger.log.record({ type: 'identity.refused', reason: `why ${n}`, count: 1 });
      await ledger.log.seal();
    };
    return { redis, prefix, ledger, write, errors, ports: { ledger, log, installation: 'test' } };
  }

  test('a checkpoint is signed when enough was written, or when it is time, and not when nothing was', async () => {
    const { ports, ledger, write } = await logging();
    const seldom = { everyMs: 3_600_000, everyRecords: 3 };
    expect(await signIfDue(ports, signer, seldom)).toBeUndefined();
    await write(1);
    expect(await signIfDue(ports, signer, seldom)).toMatchObject({ seq: 1 });
    await write(2);
    expect(await signIfDue(ports, signer, seldom)).toBeUndefined();
    expect(await signIfDue(ports, signer, { ...seldom, everyMs: 0 })).toMatchObject({ seq: 3 });
    expect(await signIfDue(ports, signer, always)).toBeUndefined();
    await write(3);
    const made = await signIfDue(ports, signer, seldom);
    const head = (await ledger.log.head())!;
    expect(await verifyCheckpoint(made!.jws, signer.keys.keys)).toEqual({
      ...head,
      at: made!.at,
      installation: 'test',
      epoch: 0,
    });
    const { items } = await ledger.checkpoints.list({ pageSize: 2 });
    expect(items.map(({ seq }) => seq)).toEqual([1, 3]);
  });

  test('of several workers one makes the checkpoint of a place', async () => {
    const { ports, ledger, write } = await logging();
    await write(5);
    const made = await Promise.all([1, 2, 3].map(() => signIfDue(ports, signer, always)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect((await ledger.checkpoints.list({ pageSize: 10 })).items).toHaveLength(1);
  });

  test('AUD-03: an export of the store is whole by its checkpoints, and what is taken from the store is noticed', async () => {
    const { ports, ledger, write, redis, prefix } = await logging();
    await write(8);
    const first = (await signIfDue(ports, signer, always))!;
    const checkpoint = await verifyCheckpoint(first.jws, signer.keys.keys);
    const whole = async () => (await ledger.log.read({ pageSize: 100 })).items.map(renderRecord);
    expect(await verifyLog(textOf(await whole()), { checkpoints: [checkpoint] })).toMatchObject({
      covered: 8,
    });
    const victim = (await whole())[4]!.id;
    await redis.xdel(`${prefix}:events`, victim);
    const { flaw } = await verifyLog(textOf(await whole()), { checkpoints: [checkpoint] });
    expect(flaw).toMatchObject({ kind: 'missing', seq: 6 });
  });

  test('a log that no longer holds its last checkpoint is not signed, until an operator has accepted it', async () => {
    const { ports, ledger, write, redis, prefix, errors } = await logging();
    await write(4);
    await signIfDue(ports, signer, always);
    const { id, seq } = (await ledger.log.head())!;
    await redis.xdel(`${prefix}:chain`, id);
    await write(1);
    expect(await signIfDue(ports, signer, always)).toBeUndefined();
    expect(errors).toEqual(['the audit log no longer holds its last checkpoint; none is signed']);
    const lost = { epoch: 0, seq, sealedId: id, hash: '', lastId: id, at: 0 };
    await ledger.accept(1, lost, noStops, { by: 'local:root', reason: 'restored' });
    await ledger.log.seal();
    expect(await signIfDue(ports, signer, always)).toMatchObject({ seq: 6 });
  });

  test('every checkpoint comes to the file and to the webhook, what could not be told at first too', async () => {
    const { ports, ledger, write } = await logging();
    const directory = mkdtempSync(join(tmpdir(), 'protem-anchor-'));
    const file = join(directory, 'checkpoints.jsonl');
    const told: { seq: number; jws: string }[] = [];
    const bearers = new Set<string | undefined>();
    const all = signal();
    let refusing = true;
    const server = createServer((req, res) => {
      bearers.add(req.headers.authorization);
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        res.statusCode = refusing ? 503 : 204;
        if (!refusing)
          told.push(
            ...(JSON.parse(Buffer.concat(chunks).toString()) as { checkpoints: typeof told }).checkpoints,
          );
        refusing = false;
        res.end();
        if (told.length >= 3) all.give();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    for (let n = 0; n < 2; n += 1) {
      await write(2);
      await signIfDue(ports, signer, always);
    }
    await write(1);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const signing = checkpoints(ports, signer, {
      ...always,
      anchors: [
        webhookAnchor({ url: address, token: new Secret('t0ken') }, ledger.checkpoints),
        fileAnchor(file),
      ],
      lookEveryMs: 5,
    });
    await all.given;
    await signing.close();
    server.close();
    const { items } = await ledger.checkpoints.list({ pageSize: 10 });
    const shown = items.map(({ seq, at, jws }) => ({ seq, at: new Date(at).toISOString(), jws }));
    expect(told).toEqual(shown);
    expect([...bearers]).toEqual(['Bearer t0ken']);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(shown);
    expect(await fileAnchor(file).last((await ledger.checkpoints.last())!)).toBe(5);
    rmSync(directory, { recursive: true });
  });

  test('AUD-03 after a loss that was accepted all checkpoints are told once more, however many, and then no more', async () => {
    const { ports, ledger, write, redis, prefix } = await logging();
    const directory = mkdtempSync(join(tmpdir(), 'protem-anchor-'));
    const file = join(directory, 'checkpoints.jsonl');
    await write(1);
    const first = (await signIfDue(ports, signer, always))!;
    for (let seq = 2; seq <= 1100; seq++) await ledger.checkpoints.add({ ...first, seq });
    await redis.hset(`${prefix}:head`, 'epoch', 1, 'seq', 1100);
    await fileAnchor(file).tell([first]);
    const anchors = [fileAnchor(file)];
    const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n').length;
    await write(1);
    const latest = (await signIfDue(ports, signer, always))!;
    expect(latest.seq).toBe(1101);
    for (const expected of [1 + 1101, 1 + 1101]) {
      const looked = signal();
      const signing = checkpoints(ports, signer, {
        ...{ everyMs: 3_600_000, everyRecords: 1000, lookEveryMs: 5 },
        anchors: [{ ...anchors[0]!, last: (of) => (looked.give(), anchors[0]!.last(of)) }],
      });
      await looked.given;
      await signing.close();
      expect(lines()).toBe(expected);
    }
    rmSync(directory, { recursive: true });
  });

  test.each<[string, (redis: RedisClient, prefix: string) => Promise<unknown>]>([
    ['is empty', async (redis, prefix) => redis.del(...(await redis.keys(`${prefix}:*`)))],
    ['was accepted after it had gone back', (redis, prefix) => redis.hset(`${prefix}:head`, 'epoch', 1)],
  ])('AUD-03 a file goes on with the checkpoints of a store that %s', async (_what, lose) => {
    const { ports, write, redis, prefix } = await logging();
    const directory = mkdtempSync(join(tmpdir(), 'protem-anchor-'));
    const anchor = fileAnchor(join(directory, 'checkpoints.jsonl'));
    await write(20);
    const before = (await signIfDue(ports, signer, always))!;
    await anchor.tell([before]);
    expect(await anchor.last(before)).toBe(20);
    await lose(redis, prefix);
    await write(2);
    const after = (await signIfDue(ports, signer, always))!;
    expect(await anchor.last(after)).toBe(0);
    await anchor.tell([after]);
    expect(await anchor.last(after)).toBe(after.seq);
    rmSync(directory, { recursive: true });
  });
});
