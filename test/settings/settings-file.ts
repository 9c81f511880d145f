import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { loadSettings, SettingsError } from '../../src/settings/load.js';
import type { Settings } from '../../src/settings/load.js';
import type { Environment } from '../../src/settings/read.js';

const directory = mkdtempSync(join(tmpdir(), 'protem-settings-'));
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;

/** A file with this text, gone when the tests are over. */
export function written(text: string): string {
  const path = join(directory, `${files++}`);
  writeFileSync(path, text);
  return path;
}

/** The least that is sound. JSON is YAML. */
export const sound = {
  audience: 'https://protem.example',
  redis: { url: 'rediss://redis.example:6379' },
  issuers: [
    { issuer: 'https://issuer.example', rules: [{ where: { team: 'a' }, kind: 'agent', id: 'x:{{sub}}' }] },
  ],
  providers: {
    vault: {
      kind: 'vault',
      address: 'https://vault.example',
      auth: { method: 'token', token: { env: 'VAULT' } },
    },
  },
  catalog: {
    reports: {
      description: 'Reads reports.',
      provider: 'vault',
      sensitivity: 'internal',
      environment: 'test',
      riskTier: 1,
      maximumTtl: '1h',
      defaultTtl: '15m',
      mint: { path: 'database/creds/reports', policies: ['reports'] },
    },
  },
  policy: { directory: 'policy' },
};

export const environment: Environment = { VAULT: 'canary-vault-token' };

export const load = (
  settings: object | string,
  over: Environment = {},
  overrides: [readonly string[], unknown][] = [],
): Settings =>
  loadSettings(written(typeof settings === 'string' ? settings : JSON.stringify(settings)), {
    environment: { ...environment, ...over },
    kinds: providerKinds,
    overrides,
  });

/** Every problem of these settings. */
export function problemsOf(settings: object | string, over: Environment = {}): readonly string[] {
  try {
    load(settings, over);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}
