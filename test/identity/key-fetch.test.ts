import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { fetchDocument, fetchKeys, isAllowedUrl } from '../../src/identity/key-fetch.js';
import { discoverJwks, readJwks, readSpiffeBundle } from '../../src/identity/published-keys.js';

const options = { fetch: fetchKeys, allowHttp: true };
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** A real server on loopback, over TLS when told; gives its address. */
async function serve(listener: RequestListener, isTls = false): Promise<string> {
  const read = (name: string) => readFileSync(`test/fixtures/tls/${name}`);
  const server = isTls
    ? createHttps({ key: read('localhost.key'), cert: read('localhost.pem') }, listener)
    : createHttp(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return isTls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
}

const answering =
  (routes: Record<string, unknown>, headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    const body = routes[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const folder = () => mkdtempSync(join(tmpdir(), 'protem-keys-'));

test('a document is read, with how long it may be kept', async () => {
  const url = await serve(
    answering({ '/': { a: 1 } }, { 'cache-control': 'public, max-age=900', age: '100' }),
  );
  expect(await fetchDocument(url, options)).toEqual({ document: { a: 1 }, maximumAgeSeconds: 800 });
});

test.each<[string, RequestListener, string]>([
  [
    'a redirect',
    (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'keys.redirect',
  ],
  ['an error', (_, response) => response.writeHead(500).end('upstream text'), 'keys.status'],
  ['no content', (_, response) => response.writeHead(204).end(), 'keys.status'],
  ['something that is no JSON', (_, response) => response.end('<html>'), 'keys.malformed'],
  ['nothing', (_, response) => response.end(), 'keys.malformed'],
  ['too much', (_, response) => response.end(`"${'x'.repeat(600_000)}"`), 'keys.too_large'],
  ['a broken connection', (request) => request.socket.destroy(), 'keys.unreachable'],
  [
    'half an answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"keys":');
      setImmediate(() => request.socket.destroy());
    },
    'keys.unreachable',
  ],
])('an address that answers %s gives no keys', async (_, listener, reason) => {
  const url = await serve(listener);
  await expect(fetchDocument(url, options)).rejects.toMatchObject({ code: 'identity.unavailable', reason });
});

test('no request follows a redirect', async () => {
  const seen: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    seen.push(request.url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  await expect(fetchDocument(`${url}/keys`, options)).rejects.toMatchObject({ reason: 'keys.redirect' });
  expect(seen).toEqual(['/keys']);
});

test('an address that does not answer in time gives no keys', async () => {
  const fetch = () => Promise.reject(new DOMException('aborted', 'TimeoutError'));
  await expect(fetchDocument('https://a.example', { ...options, fetch })).rejects.toMatchObject({
    reason: 'keys.timeout',
  });
  let signal: AbortSignal | undefined;
  const seen: typeof fetchKeys = (_, init) => {
    signal = init.signal;
    return Promise.reject(new Error('refused'));
  };
  await expect(fetchDocument('https://a.example', { ...options, fetch: seen })).rejects.toMatchObject({
    reason: 'keys.unreachable',
  });
  expect(signal).toBeInstanceOf(AbortSignal);
});

test('the public message of a failure says nothing of the upstream', async () => {
  const url = await serve((_, response) => response.writeHead(500).end('upstream text'));
  const failure: unknown = await fetchDocument(url, options).catch((cause: unknown) => cause);
  expect((failure as Error).message).not.toContain('upstream');
  expect((failure as Error).message).not.toContain('127.0.0.1');
});

test.each([
  ['https://a.example/x', false, true],
  ['http://a.example/x', false, false],
  ['http://127.0.0.1/x', true, true],
  ['https://user:password@a.example', false, false],
  ['https://a.example/#x', false, false],
  ['file:///etc/passwd', true, false],
  ['data:application/json,{}', true, false],
  ['//a.example', true, false],
])('%s with allowHttp %s: %s', (url, allowHttp, expected) => {
  expect(isAllowedUrl(url, allowHttp)).toBe(expected);
});

test('a plain address is not asked when http is not allowed', async () => {
  const fetch = () => Promise.reject(new Error('was asked'));
  await expect(fetchDocument('http://a.example', { fetch, allowHttp: false })).rejects.toMatchObject({
    reason: 'keys.address',
  });
});

test('a private authority is trusted for the address it is set for, and otherwise not', async () => {
  const url = await serve(answering({ '/': {} }), true);
  const secure = { ...options, allowHttp: false };
  await expect(fetchDocument(url, secure)).rejects.toMatchObject({ reason: 'keys.unreachable' });
  expect(await fetchDocument(url, { ...secure, caFile: 'test/fixtures/tls/ca.pem' })).toMatchObject({
    document: {},
  });
});

const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k' };

test('WID-10: discovery leads to the keys when it names the very issuer', async () => {
  const routes: Record<string, unknown> = {};
  const issuer = await serve((request, response) => answering(routes)(request, response));
  const load = discoverJwks(issuer, options);
  routes['/.well-known/openid-configuration'] = { issuer, jwks_uri: `${issuer}/keys` };
  routes['/keys'] = { keys: [key] };
  expect((await load()).keySet.kids).toEqual(['k']);
  for (const [document, reason] of [
    [{ issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` }, 'keys.discovery_issuer'],
    [{ issuer: 'https://other.example', jwks_uri: `${issuer}/keys` }, 'keys.discovery_issuer'],
    [{ jwks_uri: `${issuer}/keys` }, 'keys.discovery_issuer'],
    [{ issuer }, 'keys.malformed'],
    [{ issuer, jwks_uri: 'file:///etc/passwd' }, 'keys.address'],
    [{ issuer, jwks_uri: '/keys' }, 'keys.address'],
    [[], 'keys.discovery_issuer'],
    ['null', 'keys.discovery_issuer'],
  ] as const) {
    routes['/.well-known/openid-configuration'] = document;
    await expect(load()).rejects.toMatchObject({ code: 'identity.unavailable', reason });
  }
});

test('a bearer token is read anew each time, and sent to the configured address only', async () => {
  const seen: (string | undefined)[] = [];
  const watch =
    (name: string, routes: Record<string, unknown>): RequestListener =>
    (request, response) => {
      seen.push(`${name} ${request.headers.authorization}`);
      answering(routes)(request, response);
    };
  const keysAt = await serve(watch('keys', { '/keys': { keys: [key] } }));
  const routes: Record<string, unknown> = {};
  const issuer = await serve(watch('issuer', routes));
  routes['/.well-known/openid-configuration'] = { issuer, jwks_uri: `${keysAt}/keys` };
  const bearerTokenFile = join(folder(), 'token');
  const load = discoverJwks(issuer, { ...options, bearerTokenFile });
  writeFileSync(bearerTokenFile, 'first\n');
  await load();
  writeFileSync(bearerTokenFile, 'second\n');
  await load();
  expect(seen).toEqual(['issuer Bearer first', 'keys undefined', 'issuer Bearer second', 'keys undefined']);
});

test.each([[{}], [{ keys: {} }], [[]], ['null'], [7]])(
  'WID-07: %j is no key set, and not an empty one',
  async (document) => {
    const url = await serve(answering({ '/': document }));
    for (const load of [readJwks({ url }, options), readSpiffeBundle({ url }, options)])
      await expect(load()).rejects.toMatchObject({ reason: 'keys.malformed' });
  },
);

test('WID-07: the refresh hint of a bundle is passed on, and a nonsensical one is not', async () => {
  const hintOf = async (spiffe_refresh_hint: unknown) => {
    const inline = { keys: [], spiffe_refresh_hint };
    return (await readSpiffeBundle({ inline }, options)()).refreshInSeconds;
  };
  expect(await hintOf(60)).toBe(60);
  expect(await hintOf('60')).toBeUndefined();
  expect(await hintOf(-1)).toBeUndefined();
});

test('keys in a file are read from there, and a file that is gone is a source that is down', async () => {
  const file = join(folder(), 'jwks.json');
  const load = readJwks({ file }, options);
  await expect(load()).rejects.toMatchObject({ reason: 'keys.unreachable' });
  writeFileSync(file, JSON.stringify({ keys: [key] }));
  expect((await load()).keySet.kids).toEqual(['k']);
});
