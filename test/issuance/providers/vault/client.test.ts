import { inspect } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { openClient, type VaultClient } from '../../../../src/issuance/providers/vault/client.js';
import { Secret } from '../../../../src/kernel/secret.js';
import { startRawVault, type Heard, type Said } from './raw-vault.js';

const token = new Secret('hvs.broker-token-0123456789abcdef');
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(
  answer: (heard: Heard) => Said,
  options: { namespace?: string; timeoutMs?: number } = {},
) {
  const raw = await startRawVault(answer);
  const client = openClient({ address: raw.url, timeoutMs: 5000, connections: 8, ...options });
  closing.push(() => client.close(), raw.close);
  return { ...raw, client };
}

const read = (client: VaultClient, more: Partial<Parameters<VaultClient['call']>[0]> = {}) =>
  client.call({ act: 'read a thing', method: 'GET', path: 'kv/thing', token, ...more });

const fine: Said = { status: 200, body: { data: {} } };

test('each call carries its own token, and none stays behind', async () => {
  const { client, heard } = await open(() => ({
    status: 200,
    body: { auth: { client_token: 'hvs.another-token-0123456789' } },
  }));
  await client.call({
    act: 'create',
    method: 'POST',
    path: 'auth/token/create-orphan',
    token,
    body: { ttl: '1s' },
  });
  await read(client, { token: new Secret('second') });
  await client.call({ act: 'log in', method: 'POST', path: 'auth/approle/login', body: {} });
  await read(client);
  expect(heard.map(({ headers }) => headers['x-vault-token'])).toEqual([
    token.reveal(),
    'second',
    undefined,
    token.reveal(),
  ]);
});

test('bodies arrive whole, numbers and unknown fields included', async () => {
  const { client, heard } = await open(() => fine);
  const body = { type: 'service', period: '1h', entity_alias: 'a', ttl: 900, sync: true };
  await client.call({ act: 'write', method: 'POST', path: 'auth/token/create-orphan', token, body });
  expect(heard[0]).toMatchObject({ method: 'POST', body, headers: { 'content-type': 'application/json' } });
});

test('an answer of 202 is an answer', async () => {
  const { client } = await open(() => ({ status: 202 }));
  expect(await read(client)).toEqual({ status: 202, body: {} });
});

test('a path arrives as it was given, with nothing escaped for HTML', async () => {
  const { client, heard } = await open(() => fine);
  await read(client, { path: 'kv/a%26b/c' });
  expect(heard[0]?.path).toBe('kv/a%26b/c');
});

test('the environment is not listened to', async () => {
  const outside = {
    VAULT_TOKEN: 'from-outside',
    VAULT_NAMESPACE: 'outside',
    VAULT_PREFIX: '/outside',
  };
  Object.assign(process.env, outside);
  try {
    const { client, heard } = await open(() => fine);
    await client.call({ act: 'log in', method: 'POST', path: 'auth/approle/login', body: {} });
    expect(heard[0]?.path).toBe('auth/approle/login');
    expect(heard[0]?.headers['x-vault-token']).toBeUndefined();
    expect(heard[0]?.headers['x-vault-namespace']).toBeUndefined();
  } finally {
    for (const name of Object.keys(outside)) delete process.env[name];
  }
});

test('the namespace goes with every call', async () => {
  const { client, heard } = await open(() => fine, { namespace: 'team-a' });
  await read(client);
  expect(heard[0]?.headers['x-vault-namespace']).toBe('team-a');
});

test('a redirect is not followed, and the token goes nowhere else', async () => {
  const elsewhere = await startRawVault(() => fine);
  closing.push(elsewhere.close);
  const { client } = await open(() => ({
    status: 307,
    headers: { location: `${elsewhere.url}/v1/kv/thing?x=secret` },
  }));
  const fault = await read(client).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: 'provider.unavailable' });
  expect(inspect(fault)).not.toContain('x=secret');
  expect(elsewhere.heard).toEqual([]);
});

test('connections are kept: twenty calls in a row do not need twenty', async () => {
  const { client, sockets } = await open(() => fine);
  for (let i = 0; i < 20; i++) await read(client);
  expect(sockets()).toBeLessThan(5);
});

test('a server that says nothing is a timeout, and a host that is not there is unavailable', async () => {
  const { client, url, close } = await open(
    () => ({ status: 200, headers: { 'content-length': '100' }, body: 'x' }),
    {
      timeoutMs: 100,
    },
  );
  await expect(read(client)).rejects.toMatchObject({ code: 'provider.timeout' });
  await close();
  const late = openClient({ address: url, timeoutMs: 5000, connections: 1 });
  closing.push(() => late.close());
  await expect(read(late)).rejects.toMatchObject({
    code: 'provider.unavailable',
    reason: expect.stringMatching(/ECONNREFUSED/),
  });
});

test('Retry-After is kept', async () => {
  const { client } = await open(() => ({
    status: 429,
    headers: { 'retry-after': '17' },
    body: { errors: [] },
  }));
  await expect(read(client)).rejects.toMatchObject({ code: 'provider.throttled', retryAfterSeconds: 17 });
});

test.each([
  [400, { errors: ['no'] }, 'provider.refused'],
  [403, { errors: ['permission denied'] }, 'provider.refused'],
  [404, { errors: [] }, 'provider.refused'],
  [404, '<html>no such page</html>', 'provider.nonsense'],
  [412, { errors: ['required index state not present'] }, 'provider.unavailable'],
  [429, { errors: ['quota'] }, 'provider.throttled'],
  [473, { errors: [] }, 'provider.unavailable'],
  [500, '<html>oops</html>', 'provider.unavailable'],
  [503, { errors: ['Vault is sealed'] }, 'provider.unavailable'],
  [200, '<html>welcome</html>', 'provider.nonsense'],
  [200, '[]', 'provider.nonsense'],
  [200, '"text"', 'provider.nonsense'],
])('an answer of %i with %j is %s', async (status, body, code) => {
  const { client } = await open(() => ({ status, body }));
  await expect(read(client)).rejects.toMatchObject({ code });
});

test('ISS-05 what Vault says is kept for the log without tokens, and never in the message', async () => {
  const sent = new Secret('the-secret-id-that-was-sent');
  const { client } = await open(() => ({
    status: 400,
    body: {
      errors: [`bad ${token.reveal()} or ${sent.reveal()} or s.0123456789abcdefghijklmn, says the plugin`],
    },
  }));
  const fault = await read(client, { secrets: [sent] }).catch((error: unknown) => error);
  expect(fault).toMatchObject({
    message: 'Vault refused to read a thing.',
    reason: expect.stringMatching(/says the plugin/),
  });
  const everything = inspect(fault, { depth: Infinity, showHidden: true });
  for (const secret of [token.reveal(), sent.reveal(), 's.0123456789'])
    expect(everything).not.toContain(secret);
});

test('an answer without end is cut off', async () => {
  const { client } = await open(() => ({ status: 200, body: { data: { text: 'x'.repeat(2_000_000) } } }));
  await expect(read(client)).rejects.toMatchObject({ name: 'Fault', code: 'provider.unavailable' });
});
