import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { fetchKeys } from '../../src/identity/key-fetch.js';
import { broker, trusting } from './trusting.js';

/** What is used of oidc-provider, a certified OpenID provider, here as the issuer of workload tokens. */
interface ProviderModule {
  readonly default: new (issuer: string, configuration: object) => { callback(): RequestListener };
}

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
});
afterAll(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function makeKey(kid: string) {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' };
}

/** The provider with these keys, of which the first signs; putting it in place again is its rotation. */
async function serveProvider(...keys: object[]): Promise<void> {
  const { default: Provider } = (await import(providerName)) as ProviderModule;
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: 'reports-agent',
        client_secret: 'only-between-this-test-and-its-provider',
        grant_types: ['client_credentials'],
        id_token_signed_response_alg: 'ES256',
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: '',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  handle = provider.callback();
}

async function tokenFor(resource: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('reports-agent:only-between-this-test-and-its-provider').toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
  });
  const body = (await response.json()) as { access_token?: string };
  expect(body).toHaveProperty('access_token');
  return body.access_token ?? '';
}

test('WID-10: tokens of a certified provider are believed, through a rotation of its keys', async () => {
  const [first, second] = [await makeKey('first'), await makeKey('second')];
  await serveProvider(first);
  const trust = trusting(
    {
      issuers: [
        {
          issuer,
          allowHttp: true,
          rules: [{ where: { client_id: 'reports-agent' }, kind: 'agent', id: 'op:{{client_id}}' }],
        },
      ],
    },
    fetchKeys,
  );
  // The provider knows the real time only.
  trust.advance((Date.now() - trust.now()) / 1000);

  const old = await tokenFor(broker);
  expect(await trust.ask(old)).toMatchObject({
    principal: { id: 'op:reports-agent', kind: 'agent', issuer },
  });
  expect(await trust.ask(await tokenFor('https://other.example'))).toEqual({ refused: 'oidc.audience' });

  await serveProvider(second, first);
  const renewed = await tokenFor(broker);
  expect(await trust.ask(renewed)).toMatchObject({ principal: { id: 'op:reports-agent' } });
  expect(await trust.ask(old)).toHaveProperty('principal');

  await serveProvider(second);
  trust.advance(301);
  expect(await trust.ask(old)).toEqual({ refused: 'oidc.unknown_key' });
  expect(await trust.ask(renewed)).toHaveProperty('principal');
});
