import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { load, problemsOf, sound } from './settings-file.js';

const url = 'https://protem.example';
const oidc = { issuer: 'https://issuer.example', clientId: 'console' };
const withConsole = (console: object) => ({ ...sound, console });

test('there is a console only where the settings have one', () => {
  expect(load(sound).console).toBeUndefined();
  expect(load(withConsole({ url, oidc })).console).toEqual({
    url,
    oidc: { ...oidc, scopes: ['openid'] },
    idle: 1800,
    longest: 28_800,
  });
});

test('the secret of its client comes from where the settings say, and prints as a secret', () => {
  const settings = load(withConsole({ url, oidc: { ...oidc, clientSecret: { env: 'CLIENT' } } }), {
    CLIENT: 'canary-of-the-client',
  });
  expect(settings.console?.oidc?.clientSecret?.reveal()).toBe('canary-of-the-client');
  expect(inspect(settings, { depth: 9 })).not.toContain('canary-of-the-client');
});

test.each([
  'http://protem.example',
  'https://protem.example/',
  'https://protem.example/console',
  'https://user@protem.example',
  'ftp://protem.example',
  'protem.example',
])('what is no origin, or would send cookies in clear, is refused: %s', (wrong) => {
  expect(problemsOf(withConsole({ url: wrong }))).toEqual([expect.stringMatching(/^console\.url: /)]);
});

test.each(['http://127.0.0.1:8700', 'http://localhost:8700', 'http://[::1]:8700'])(
  'on loopback plain http does: %s',
  (loopback) => {
    expect(load(withConsole({ url: loopback })).console?.url).toBe(loopback);
  },
);

test('operators sign in where their tokens are believed, and nowhere else', () => {
  const elsewhere = { ...oidc, issuer: 'https://other.example' };
  expect(problemsOf(withConsole({ url, oidc: elsewhere }))).toEqual([
    'console.oidc.issuer: there is no issuer "https://other.example"',
  ]);
  expect(problemsOf(withConsole({ url, oidc: { ...oidc, scopes: ['groups'] } }))).toEqual([
    expect.stringMatching(/^console\.oidc\.scopes: must have "openid"/),
  ]);
});
