import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { environmentOf, formats, processOutput } from '../../src/cli/environment-of.js';

const session = {
  AccessKeyId: 'ASIA',
  SecretAccessKey: 'a/b+c',
  SessionToken: 'token',
  Expiration: '2030-01-01T01:00:00Z',
};

test('an AWS session has the names of its SDKs, anything else those of its entry', () => {
  expect(environmentOf('reports-reader', session)).toEqual({
    AWS_ACCESS_KEY_ID: 'ASIA',
    AWS_SECRET_ACCESS_KEY: 'a/b+c',
    AWS_SESSION_TOKEN: 'token',
    AWS_CREDENTIAL_EXPIRATION: '2030-01-01T01:00:00Z',
  });
  expect(environmentOf('reports-db', { username: 'u', password: 'p', port: 5432 })).toEqual({
    REPORTS_DB_USERNAME: 'u',
    REPORTS_DB_PASSWORD: 'p',
    REPORTS_DB_PORT: '5432',
  });
});

test('credential_process has the number 1 as its version, and SessionToken rather than Token', () => {
  expect(JSON.parse(processOutput(session))).toEqual({ Version: 1, ...session });
  expect(() => processOutput({ username: 'u', password: 'p' })).toThrow('AWS');
});

const awkward = `it's a "$HOME" \`x\` \\ %PATH% value`;

test.each([
  ['env', (text: string) => `${text}\nprintf %s "$X"`],
  ['env-no-export', (text: string) => `${text}\nprintf %s "$X"`],
  ['dotenv', (text: string) => `${text}\nprintf %s "$X"`],
])('%s survives a shell, whatever the value is', (format, script) => {
  const text = formats[format]?.({ X: awkward }) ?? '';
  expect(execFileSync('/bin/sh', ['-c', script(text)], { encoding: 'utf8' })).toBe(awkward);
});

test('the formats of other shells quote in their own way', () => {
  expect(formats['fish']?.({ X: "it's" })).toBe(String.raw`set -gx X 'it\'s'`);
  expect(formats['powershell']?.({ X: "it's" })).toBe("$Env:X='it''s'");
  expect(formats['windows-cmd']?.({ X: '100%' })).toBe('set X=100%%');
});
