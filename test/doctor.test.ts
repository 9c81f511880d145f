import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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

test('the doctor looks at store, clock, issuers and providers, and what is allowed by name is no problem', async () => {
  const findings = await examine(settingsWith());
  expect(findings.filter(({ is }) => is === 'problem')).toEqual([]);
  const well = findings.filter(({ is }) => is === 'ok').map(({ role }) => role.split(' ')[0]);
  expect(new Set(well)).toEqual(new Set(['state', 'clock', 'issuer', 'provider']));
  expect(findings.find(({ what }) => what.includes('append-only'))?.is).toBe('cannot tell');
});

test('what cannot be reached is a problem with a remedy', async () => {
  const gone = 'http://127.0.0.1:1';
  const findings = await examine(settingsWith([['providers', 'vault', 'address'], gone]));
  const [problem, ...others] = findings.filter(({ is }) => is === 'problem');
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ role: 'provider vault', remedy: expect.stringMatching(/\w/) });
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
