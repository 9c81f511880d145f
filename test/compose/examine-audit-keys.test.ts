import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import { checkpointSigner } from '../../src/audit/jws-checkpoint.js';
import type { PublicKey } from '../../src/audit/public-keys.js';
import { examineAuditKeys } from '../../src/compose/examine-audit-keys.js';
import { Secret } from '../../src/kernel/secret.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { redisLedger } from '../../src/ledger/redis-ledger.js';
import { backends, connected, uniquePrefix } from '../setup/backends.js';

let ledger: Ledger;
beforeEach(async () => {
  ledger = redisLedger(await connected(backends[0]!.url), { prefix: uniquePrefix() });
});

const newKey = () =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const publicOf = async (key: string): Promise<PublicKey> => (await checkpointSigner(key)).keys.keys[0]!;
const facts = { chain: 'chn_1', id: '1-1', hash: 'a'.repeat(64), at: 1, installation: 'i', epoch: 0 };
const sign = async (key: string, ...places: number[]) => {
  const signer = await checkpointSigner(key);
  for (const seq of places)
    await ledger.checkpoints.add({ seq, at: 1, jws: await signer.sign({ ...facts, seq }) });
};
const examined = (signingKey: string | undefined, ...retiredKeys: PublicKey[]) =>
  examineAuditKeys(
    { audit: { signingKey: signingKey && new Secret(signingKey), retiredKeys } } as never,
    ledger,
  );

test('a key that was changed without keeping its public half is named, with what to do', async () => {
  const [before, now] = [newKey(), newKey()];
  await sign(before, 3, 9);
  await sign(now, 12);
  const { kid } = await publicOf(before);
  expect(await examined(now)).toEqual([
    {
      role: 'audit key',
      is: 'problem',
      what: `the key ${kid} has signed checkpoints (2, at 3 to 9) and is not published: "protem audit verify" refuses them`,
      remedy: expect.stringMatching(/audit\.retiredKeys.*\/v1\/audit\/keys/),
    },
  ]);
  expect(await examined(now, await publicOf(before))).toEqual([
    expect.objectContaining({ is: 'ok', what: expect.stringContaining('each of 3') }),
  ]);
});

test('checkpoints that are stored are no less signed when nothing is signed any more', async () => {
  const before = newKey();
  await sign(before, 3);
  expect(await examined(undefined, await publicOf(before))).toEqual([
    expect.objectContaining({ is: 'problem', remedy: expect.stringContaining('audit.signingKey') }),
  ]);
});

test('where nothing was ever signed there is nothing to say, and a key that has not signed yet is well', async () => {
  expect(await examined(undefined)).toEqual([]);
  expect(await examined(newKey())).toEqual([expect.objectContaining({ is: 'ok' })]);
});

test('more checkpoints than are read at once are all looked at', async () => {
  const [before, now] = [newKey(), newKey()];
  await sign(now, ...Array.from({ length: 1000 }, (_, n) => n + 1));
  await sign(before, 1001);
  expect(await examined(now)).toEqual([expect.objectContaining({ is: 'problem' })]);
});
