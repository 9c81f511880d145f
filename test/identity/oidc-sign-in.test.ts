import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { identitySettings } from '../../src/identity/identity-settings.js';
import { openOidcSignIn } from '../../src/identity/oidc-sign-in.js';
import type { OidcSignIn } from '../../src/identity/oidc-sign-in.js';
import { Secret } from '../../src/kernel/secret.js';
import { systemClock } from '../../src/kernel/clock.js';

/** What is used of oidc-provider, a certified OpenID provider, here as where operators sign in. */
interface ProviderModule {
  readonly default: new (issuer: string, configuration: object) => { callback(): RequestListener };
}

const redirectUri = 'https://protem.test/console/sign-in/callback';
const clientSecret = 'only-between-this-test-and-its-provider';
let issuer = '';
let handle: RequestListener = () => undefined;
const server = createServer((request, response) => handle(request, response));
const providerName: string = 'oidc-provider';

beforeAll(async () => {
  // It warns of Node 20, and that its own state is in memory.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  jest.spyOn(console, 'info').mockImplementation(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { default: Provider } = (await import(providerName)) as ProviderModule;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const client = {
    redirect_uris: [redirectUri],
    id_token_signed_response_alg: 'ES256',
    grant_types: ['authorization_code'],
    response_types: ['code'],
  };
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'one', alg: 'ES256', use: 'sig' }] },
    clients: [
      {
        ...client,
        client_id: 'console',
        client_secret: clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
      },
      { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
    ],
    cookies: { keys: ['only in this test'] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'role'] },
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, role: sub === 'olga' ? 'admin' : 'none' }),
    }),
  });
  handle = provider.callback();
});
afterAll(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const rules = [
  { where: { role: 'admin' }, kind: 'operator', id: 'operator:{{sub}}', roles: ['viewer', 'admin'] },
  { where: { role: 'none' }, kind: 'agent', id: 'agent:{{sub}}' },
];

function signInAs(clientId: 'console' | 'public'): OidcSignIn {
  const identity = identitySettings.parse({
    audience: 'https://protem.test',
    issuers: [{ issuer, allowHttp: true, rules }],
  });
  const secret = clientId === 'console' ? { clientSecret: new Secret(clientSecret) } : {};
  const settings = { issuer, clientId, scopes: ['openid'], ...secret };
  return openOidcSignIn(settings, identity, redirectUri, systemClock);
}

/** The browser of somebody who signs in there by name and says yes to what is asked. */
async function browse(start: URL, login: string): Promise<URL> {
  const jar = new Map<string, string>();
  let url = start;
  let body: URLSearchParams | undefined;
  for (let step = 0; step < 12; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(body && { method: 'POST', body }),
    });
    body = undefined;
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(';')[0]!.split('=') as [string, string];
      jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url);
      if (url.href.startsWith(redirectUri)) return url;
      continue;
    }
    const prompt = /name="prompt" value="(\w+)"/.exec(await response.text())?.[1] ?? '';
    body = new URLSearchParams({ prompt, login, password: 'any' });
  }
  throw new Error(`nobody came back from ${url.href}`);
}

test.each(['console', 'public'] as const)(
  'an operator signs in at a certified provider (client: %s), and is who the rules of the issuer say',
  async (clientId) => {
    const signIn = signInAs(clientId);
    const { url, memory } = await signIn.begin();
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: redirectUri,
      state: memory.state,
      nonce: memory.nonce,
    });
    expect(url.href).not.toContain(memory.verifier);
    const back = await browse(url, 'olga');
    expect(await signIn.finish(back, memory)).toMatchObject({
      id: 'operator:olga',
      kind: 'operator',
      roles: ['viewer', 'admin'],
      issuer,
    });
    // A code is good once.
    await expect(signIn.finish(back, memory)).rejects.toMatchObject({ code: 'identity.unproven' });
  },
);

test('whoever is no operator by the rules does not come in', async () => {
  const signIn = signInAs('public');
  const { url, memory } = await signIn.begin();
  const back = await browse(url, 'mallory');
  await expect(signIn.finish(back, memory)).rejects.toMatchObject({ code: 'role.missing' });
});

test.each([
  ['state', 'of another sign-in'],
  ['nonce', 'of another sign-in'],
  ['verifier', 'of-another-sign-in-that-is-long-enough-for-the-rule'],
] as const)('a callback that does not belong to the %s of this browser is refused', async (name, other) => {
  const signIn = signInAs('public');
  const { url, memory } = await signIn.begin();
  const back = await browse(url, 'olga');
  await expect(signIn.finish(back, { ...memory, [name]: other })).rejects.toMatchObject({
    code: 'identity.unproven',
  });
});

test('what the provider refuses is told to the log by its code, and not in its words', async () => {
  const signIn = signInAs('public');
  const { memory } = await signIn.begin();
  const back = new URL(
    `${redirectUri}?error=access_denied&error_description=quoted&state=${memory.state}&iss=${encodeURIComponent(issuer)}`,
  );
  const refused = await signIn.finish(back, memory).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'identity.unproven', reason: expect.stringMatching(/^sign_in\./) });
  expect(JSON.stringify(refused)).not.toContain('quoted');
});

test('an issuer that cannot be reached is told as such', async () => {
  const identity = identitySettings.parse({
    audience: 'https://protem.test',
    issuers: [{ issuer: 'http://127.0.0.1:9', allowHttp: true, rules }],
  });
  const settings = { issuer: 'http://127.0.0.1:9', clientId: 'public', scopes: ['openid'] };
  const signIn = openOidcSignIn(settings, identity, redirectUri, systemClock);
  await expect(signIn.begin()).rejects.toMatchObject({ code: 'identity.unavailable' });
});
