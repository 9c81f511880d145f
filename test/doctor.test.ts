import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { roomOf } from '../src/compose/examine-store.js';
import { examine } from '../src/doctor-command.js';
import { providerKinds } from '../src/issuance/providers/registry.js';
import { startSandbox } from '../src/sandbox/sandbox.js';
import { loadSettings } from '../src/settings/load.js';
import { authority, certify } from './identity/x509/certifying.js';

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const settingsWith = (...more: (readonly [readonly string[], unknown])[]) =>
  loadSettings('config/protem.yaml', {
    environment: { ...sandbox.environment, PROTEM_LOG_LEVEL: 'error' },
    kinds: providerKinds,
    overrides: [...sandbox.overrides, ...more],
  });

test('the doctor looks at store, audit keys, clock, issuers and providers, and what is allowed by name is no problem', async () => {
  const findings = await examine(settingsWith());
  expect(findings.filter(({ is }) => is === 'problem')).toEqual([]);
  const well = findings.filter(({ is }) => is === 'ok').map(({ role }) => role.split(' ')[0]);
  expect(new Set(well)).toEqual(new Set(['state', 'audit', 'clock', 'issuer', 'provider']));
  expect(findings.find(({ what }) => what.includes('append-only'))?.is).toBe('cannot tell');
});

test('what cannot be reached is a problem with a remedy', async () => {
  const gone = 'http://127.0.0.1:1';
  const findings = await examine(settingsWith([['providers', 'vault', 'address'], gone]));
  const [problem, ...others] = findings.filter(({ is }) => is === 'problem');
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ role: 'provider vault', remedy: expect.stringMatching(/\w/) });
});

const markFile = () => join(mkdtempSync(join(tmpdir(), 'protem-doctor-')), 'mark.json');
const aboutMark = async (file: string) =>
  (await examine(settingsWith([['rollbackGuard'], { file }]))).filter(({ what }) => what.includes(file));

test('a store that has lost what the mark names is a problem, and the doctor leaves both as they are', async () => {
  const file = markFile();
  const lost = { epoch: 0, seq: 7, sealedId: '1-1', hash: 'x', lastId: '1700000000000-1', at: 1 };
  writeFileSync(file, JSON.stringify(lost));
  for (const _again of [1, 2])
    expect(await aboutMark(file)).toEqual([
      {
        role: 'state store',
        is: 'problem',
        what: expect.stringMatching(/gone back.*7 sealed records.*; the store has epoch 0,/),
        remedy: expect.stringContaining('protem ledger accept'),
      },
    ]);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(lost);
});

test('a store that holds what the mark names is well; of one without a mark the doctor cannot tell, and makes none', async () => {
  const file = markFile();
  expect(await aboutMark(file)).toEqual([expect.objectContaining({ is: 'cannot tell' })]);
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, JSON.stringify({ epoch: 0, seq: 0, sealedId: '', hash: '', lastId: '', at: 1 }));
  expect(await aboutMark(file)).toEqual([expect.objectContaining({ is: 'ok' })]);
  writeFileSync(file, 'no mark');
  expect(await aboutMark(file)).toEqual([expect.objectContaining({ is: 'problem' })]);
});

test.each([
  [0.799, 'ok', '79 % of its memory is used'],
  [0.8, 'problem', '80 % of its memory is used: nothing is issued'],
  [1.02, 'problem', '102 % of its memory is used: nothing is issued'],
  [0, 'cannot tell', 'it has no "maxmemory": how full it is cannot be told'],
])('of a store that is %d full the doctor says: %s', (usedShare, is, what) => {
  expect(roomOf(usedShare)).toMatchObject({ role: 'state store', is, what });
});

test.each<[string, number, string | undefined]>([
  ['one that holds', 7_200_000, undefined],
  ['one that is about to end', 60_000, 'it ends at'],
  ['one of another key', 7_200_000, 'no pair'],
])('the doctor looks at the certificate of the API: %s', async (what, lastsMs, problem) => {
  const now = Date.now();
  const [own, other] = [await certify(now, { notAfterMs: now + lastsMs }), await certify(now, {})];
  const directory = mkdtempSync(join(tmpdir(), 'protem-doctor-'));
  const files = { certificateFile: join(directory, 'tls.crt'), privateKeyFile: join(directory, 'tls.key') };
  writeFileSync(files.certificateFile, own.pem);
  writeFileSync(files.privateKeyFile, (what.includes('another key') ? other : own).keyPem);
  const found = (await examine(settingsWith([['listen', 'tls'], files]))).find(
    ({ role }) => role === 'certificate of the API',
  );
  if (problem === undefined) expect(found?.is).toBe('ok');
  else expect(found).toMatchObject({ is: 'problem', what: expect.stringContaining(problem) });
});

test.each([true, false])(
  'the doctor looks whether there is an authority for X509-SVIDs: %s',
  async (isThere) => {
    const now = Date.now();
    const directory = mkdtempSync(join(tmpdir(), 'protem-doctor-'));
    const authoritiesFile = join(directory, 'ca.pem');
    const files = { certificateFile: join(directory, 'tls.crt'), privateKeyFile: join(directory, 'tls.key') };
    const own = await certify(now, { notAfterMs: now + 7_200_000 });
    writeFileSync(files.certificateFile, own.pem);
    writeFileSync(files.privateKeyFile, own.keyPem);
    writeFileSync(authoritiesFile, (isThere ? await authority(now) : own).pem);
    const bundle = isThere ? { authoritiesFile } : { inline: { keys: [] } };
    const domain = { name: 'mesh.example', bundle, x509Svids: {}, rules: [{ path: '/ns/*', kind: 'agent' }] };
    const found = await examine(settingsWith([['listen', 'tls'], files], [['trustDomains'], [domain]]));
    const problems = found.filter(({ role, is }) => role === 'issuer mesh.example' && is === 'problem');
    expect(problems.map(({ what }) => what)).toEqual(
      isThere ? [] : [expect.stringContaining('no authority for X509-SVIDs')],
    );
  },
);
