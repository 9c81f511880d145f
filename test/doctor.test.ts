import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { examine } from '../src/doctor-command.js';
import { providerKinds } from '../src/issuance/providers/registry.js';
import { startSandbox } from '../src/sandbox/sandbox.js';
import { loadSettings } from '../src/settings/load.js';

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
