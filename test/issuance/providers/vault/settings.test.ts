import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { settings } from '../../../../src/issuance/providers/vault/settings.js';
import { Secret } from '../../../../src/kernel/secret.js';

const address = 'https://vault.example:8200/';

test('what is needed is an address and a way to log in', () => {
  expect(
    settings.parse({ address, auth: { method: 'jwt', role: 'protem', tokenFile: '/run/token' } }),
  ).toEqual({
    address: 'https://vault.example:8200',
    auth: { method: 'jwt', mount: 'jwt', role: 'protem', tokenFile: '/run/token' },
    maximumTtl: 2_764_800,
    timeout: 5,
    revocationTimeout: 30,
    connections: 64,
  });
});

test('a secret may come wrapped or bare, and is wrapped from here on', () => {
  const bare = settings.parse({ address, auth: { method: 'token', token: 'hvs.bare-token' } });
  const wrapped = settings.parse({ address, auth: { method: 'token', token: new Secret('hvs.bare-token') } });
  for (const { auth } of [bare, wrapped]) {
    expect(auth.method === 'token' && auth.token.reveal()).toBe('hvs.bare-token');
    expect(`${inspect(auth, { depth: Infinity, showHidden: true })}${JSON.stringify(auth)}`).not.toContain(
      'bare-token',
    );
  }
});

test.each([
  [{ address, auth: { method: 'token', token: 'x' }, tokenrole: 'a' }],
  [{ address, auth: { method: 'approle', roleId: 'a', secretID: 'b' } }],
  [{ address, auth: { method: 'userpass', username: 'a' } }],
  [{ address: 'vault.example:8200', auth: { method: 'token', token: 'x' } }],
  [{ address: 'ftp://vault.example', auth: { method: 'token', token: 'x' } }],
  [{ address, auth: { method: 'jwt', role: 'a', tokenFile: 'b', mount: '../sys' } }],
  [{ address, auth: { method: 'token', token: 'x' }, tokenRole: 'a/../b' }],
  [{ address, auth: { method: 'token', token: 'x' }, timeout: 5 }],
])('the settings %j are refused', (wrong) => {
  expect(settings.safeParse(wrong).success).toBe(false);
});
