import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { rememberedProofs } from '../../fake/remembered-proofs.js';
import { createIdentify } from '../../../src/identity/identify.js';
import { identitySettings } from '../../../src/identity/identity-settings.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { startIssuer, type SandboxIssuer } from '../../../src/sandbox/issuer/issuer.js';
import { trustSettings } from '../../../src/sandbox/issuer/trust-settings.js';

const audience = 'https://broker.example';
let issuer: SandboxIssuer;
beforeAll(async () => {
  issuer = await startIssuer({ trustDomain: 'sandbox.example', audience });
});
afterAll(() => issuer.close());

const get = async (url: string) => (await fetch(url)).json() as Promise<Record<string, unknown>>;
const post = (body: string, type = 'application/x-www-form-urlencoded') =>
  fetch(`${issuer.url}/token`, { method: 'POST', body, headers: { 'content-type': type } });
const mint = async (body: string, type?: string) =>
  ((await (await post(body, type)).json()) as { access_token: string }).access_token;

test('discovery leads to keys that verify its tokens, judged by jose alone', async () => {
  const discovery = await get(`${issuer.url}/.well-known/openid-configuration`);
  expect(discovery['issuer']).toBe(issuer.url);
  const jwks = (await get(String(discovery['jwks_uri']))) as unknown as JSONWebKeySet;
  const token = await issuer.mintToken({ sub: 'x', team: 'reports' });
  const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), { issuer: issuer.url, audience });
  expect(payload).toMatchObject({ sub: 'x', team: 'reports' });
  expect(payload.exp! - payload.iat!).toBe(600);
});

test('claims that are given go over its own, and undefined takes one away', async () => {
  const jwks = (await get(`${issuer.url}/jwks`)) as unknown as JSONWebKeySet;
  const token = await issuer.mintToken({ sub: 'x', aud: 'other', exp: undefined });
  const { payload } = await jwtVerify(token, createLocalJWKSet(jwks));
  expect(payload.aud).toBe('other');
  expect(payload).not.toHaveProperty('exp');
});

test('the bundle is for JWT-SVIDs, and its keys are not those of the OIDC tokens', async () => {
  const bundle = (await get(issuer.bundleUrl)) as { keys: { kid: string; use: string }[] };
  expect(bundle).toMatchObject({ spiffe_refresh_hint: 60 });
  expect(bundle.keys.map(({ use }) => use)).toEqual(['jwt-svid']);
  const jwks = (await get(`${issuer.url}/jwks`)) as { keys: { kid: string }[] };
  expect(bundle.keys.map(({ kid }) => kid)).not.toEqual(jwks.keys.map(({ kid }) => kid));
  const svid = await issuer.mintSvid('spiffe://sandbox.example/agent/x');
  expect(decodeProtectedHeader(svid)).toEqual({ alg: 'ES256', typ: 'JWT', kid: bundle.keys[0]!.kid });
});

test('rotation keeps the key before, and an emptied bundle stays empty until then', async () => {
  const kids = async (url: string) => ((await get(url))['keys'] as { kid: string }[]).map(({ kid }) => kid);
  const before = await kids(issuer.bundleUrl);
  await issuer.rotate();
  const after = await kids(issuer.bundleUrl);
  expect(after.slice(1)).toEqual(before.slice(0, 1));
  issuer.emptyBundle();
  expect(await kids(issuer.bundleUrl)).toEqual([]);
  await issuer.rotate();
  expect(await kids(issuer.bundleUrl)).toHaveLength(2);
  expect(await kids(`${issuer.url}/jwks`)).toHaveLength(2);
});

test('a token asked for by hand is believed by a broker with the settings that go with it', async () => {
  const identify = createIdentify(identitySettings.parse(trustSettings(issuer)), {
    clock: systemClock,
    proofs: rememberedProofs(),
    listeningAt: () => undefined,
  });
  expect(await identify(await mint('subject=reports'))).toMatchObject({
    id: 'spiffe://sandbox.example/agent/reports',
    kind: 'agent',
  });
  expect(await identify(await mint('subject=reports&format=oidc'))).toMatchObject({ id: 'agent:reports' });
  expect(await identify(await mint('subject=alice&kind=operator&role=approver'))).toMatchObject({
    id: 'operator:alice',
    kind: 'operator',
    roles: ['approver'],
  });
  const ci = JSON.stringify({ subject: 'ci', kind: 'orchestrator' });
  expect(await identify(await mint(ci, 'application/json'))).toMatchObject({
    id: 'orchestrator:ci',
    kind: 'orchestrator',
    roles: [],
  });
});

test.each([
  ['no subject', 'kind=agent'],
  ['a kind there is not', 'subject=x&kind=root'],
  ['a subject with a slash', 'subject=a/b'],
  ['a field there is not', 'subject=x&sub=y'],
  ['too much', `subject=${'x'.repeat(5000)}`],
])('asking with %s is refused', async (_, body) => {
  expect((await post(body)).status).toBe(400);
});

test('a body that is said to be JSON and is not is refused', async () => {
  expect((await post('{', 'application/json')).status).toBe(400);
});

test('it is on loopback, and answers no name but that of loopback', async () => {
  expect(new URL(issuer.url).hostname).toBe('127.0.0.1');
  const status = await new Promise((resolve, reject) => {
    request(`${issuer.url}/jwks`, { headers: { host: 'attacker.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(421);
});

test('other paths and methods are not found', async () => {
  expect((await fetch(`${issuer.url}/`)).status).toBe(404);
  expect((await fetch(`${issuer.url}/token`)).status).toBe(404);
});
