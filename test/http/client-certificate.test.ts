import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:tls';
import { beforeAll, expect, test } from '@jest/globals';
import { openTlsFiles } from '../../src/compose/tls-files.js';
import { createIdentify } from '../../src/identity/identify.js';
import { identitySettings } from '../../src/identity/identity-settings.js';
import { isSenderConstrained } from '../../src/identity/principal.js';
import type { Principal } from '../../src/identity/principal.js';
import { systemClock } from '../../src/kernel/clock.js';
import { thumbprintOf } from '../../src/identity/x509/shown-chain.js';
import { rememberedProofs } from '../fake/remembered-proofs.js';
import { bundleOf, makeSigner, signJws } from '../identity/signer.js';
import { authority, certify, x509BundleOf } from '../identity/x509/certifying.js';
import type { Certified } from '../identity/x509/certifying.js';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from './serving.js';

const audience = 'https://protem.test';
const id = 'spiffe://a.example/agents/reports';
const signer = makeSigner('ES256', 'jwt-authority');

let root: Certified;
let between: Certified;
let server: Certified;
let agent: Certified;

beforeAll(async () => {
  const now = Date.now();
  root = await authority(now);
  between = await authority(now, { subject: 'CN=between', by: root });
  server = await certify(now, { subject: 'CN=api', by: root, addresses: ['127.0.0.1'] });
  agent = await certify(now, { by: between, uris: [id] });
});

const directory = mkdtempSync(join(tmpdir(), 'protem-tls-'));
const files = {
  certificateFile: join(directory, 'tls.crt'),
  privateKeyFile: join(directory, 'tls.key'),
  minimumVersion: 'TLSv1.2' as const,
  askForCertificates: true,
};

/** An API that speaks TLS, and who asked it. */
async function api() {
  writeFileSync(files.certificateFile, server.pem);
  writeFileSync(files.privateKeyFile, server.keyPem);
  const settings = identitySettings.parse({
    audience,
    trustDomains: [
      {
        name: 'a.example',
        bundle: { inline: { keys: [...x509BundleOf(root).keys, ...bundleOf(signer).keys] } },
        x509Svids: {},
        rules: [{ path: '/agents/*', kind: 'agent' }],
      },
    ],
  });
  const refusals: string[] = [];
  const identify = createIdentify(settings, {
    clock: systemClock,
    proofs: rememberedProofs(),
    listeningAt: () => undefined,
    onRefusal: (reason) => refusals.push(reason),
  });
  const asked: Principal[] = [];
  const served = await serving({
    tls: openTlsFiles(files).options,
    broker: {
      identify: async (token, showing) => {
        const principal = await identify(token, showing);
        asked.push(principal);
        return principal;
      },
    },
  });
  return { ...served, asked, refusals };
}

const chain = () => ({ cert: agent.pem + between.pem, key: agent.keyPem });

async function ask(port: number, options: RequestOptions): Promise<{ status: number; code: string }> {
  const sent = request({ host: '127.0.0.1', port, path: '/v1/catalog', ca: root.pem, ...options });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const body = JSON.parse(await text(answer)) as { code?: string };
  return { status: answer.statusCode ?? 0, code: body.code ?? '' };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const tokenOf = (cnf?: object): string => {
  const now = Math.floor(Date.now() / 1000);
  return signJws(signer, { sub: id, aud: [audience], iat: now, exp: now + 300, ...(cnf && { cnf }) });
};

test('WID-08: a connection with an X509-SVID asks without any token', async () => {
  const { port, asked } = await api();
  expect(await ask(port, chain())).toEqual({ status: 200, code: '' });
  expect(asked).toMatchObject([{ id, kind: 'agent', issuer: 'a.example' }]);
  expect(isSenderConstrained(asked[0]!)).toBe(true);
});

test('each connection shows the whole of its chain, the second as the first', async () => {
  const { port } = await api();
  const { Agent } = await import('node:https');
  const again = new Agent({ keepAlive: false, maxCachedSessions: 10 });
  for (let n = 0; n < 3; n++)
    expect(await ask(port, { ...chain(), agent: again })).toMatchObject({ status: 200 });
});

test('a certificate that is shown twice does no harm', async () => {
  const { port } = await api();
  const twice = { cert: agent.pem + agent.pem + between.pem, key: agent.keyPem };
  expect(await ask(port, twice)).toMatchObject({ status: 200 });
});

test('a connection without certificate and token is told so', async () => {
  const { port, refusals } = await api();
  expect(await ask(port, {})).toEqual({ status: 401, code: 'identity.unproven' });
  expect(refusals).toEqual([]);
});

test('a certificate of a stranger proves nothing, and does not stand in the way of a token', async () => {
  const { port, refusals, asked } = await api();
  const stranger = await certify(Date.now(), { uris: [id] });
  const shown = { cert: stranger.pem, key: stranger.keyPem };
  expect(await ask(port, shown)).toEqual({ status: 401, code: 'identity.unproven' });
  expect(refusals).toEqual(['x509.chain']);
  expect(await ask(port, { ...shown, headers: bearer(tokenOf()) })).toMatchObject({ status: 200 });
  expect(isSenderConstrained(asked[0]!)).toBe(false);
});

test('a certificate does not mend a bad token beside it', async () => {
  const { port } = await api();
  expect(await ask(port, { ...chain(), headers: bearer('a.b.c') })).toEqual({
    status: 401,
    code: 'identity.unproven',
  });
});

test('TOK-08: a token that is bound to a certificate is taken with that certificate, and with no other', async () => {
  const { port, asked } = await api();
  const token = tokenOf({ 'x5t#S256': thumbprintOf([agent.der]) });
  const other = await certify(Date.now(), { by: between, uris: [id] });
  const headers = bearer(token);
  expect(await ask(port, { ...chain(), headers })).toMatchObject({ status: 200 });
  expect(isSenderConstrained(asked[0]!)).toBe(true);
  expect(await ask(port, { headers })).toEqual({ status: 401, code: 'certificate.missing' });
  const others = { cert: other.pem + between.pem, key: other.keyPem };
  expect(await ask(port, { ...others, headers })).toEqual({ status: 401, code: 'certificate.missing' });
});

test('TOK-08: what a request says of a certificate in a header counts for nothing', async () => {
  const { port } = await api();
  const headers = {
    'client-cert': `:${agent.der.toString('base64')}:`,
    'x-forwarded-client-cert': `Cert="${encodeURIComponent(agent.pem)}";URI=${id}`,
  };
  expect(await ask(port, { headers })).toEqual({ status: 401, code: 'identity.unproven' });
  const token = tokenOf({ 'x5t#S256': thumbprintOf([agent.der]) });
  expect(await ask(port, { headers: { ...headers, ...bearer(token) } })).toEqual({
    status: 401,
    code: 'certificate.missing',
  });
});

test('without TLS a token that is bound to a certificate is refused', async () => {
  const settings = identitySettings.parse({
    audience,
    trustDomains: [
      {
        name: 'a.example',
        bundle: { inline: bundleOf(signer) },
        rules: [{ path: '/agents/*', kind: 'agent' }],
      },
    ],
  });
  const identify = createIdentify(settings, {
    clock: systemClock,
    proofs: rememberedProofs(),
    listeningAt: () => undefined,
  });
  const { call } = await serving({ broker: { identify } });
  const token = tokenOf({ 'x5t#S256': thumbprintOf([agent.der]) });
  expect((await call('GET', '/v1/catalog', { token })).json['code']).toBe('certificate.missing');
});

test('OPS-08: nothing older than TLS 1.2 is spoken, and no plain HTTP', async () => {
  const { port, connection, logged } = await api();
  const old = connect({
    host: '127.0.0.1',
    port,
    ca: root.pem,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const [refused] = (await once(old, 'error')) as [Error & { code?: string }];
  expect(refused.code).toMatch(/^ERR_SSL/);
  const { socket, closed } = await connection();
  socket.write('GET /livez HTTP/1.1\r\nHost: protem\r\n\r\n');
  expect(await closed).not.toContain('HTTP/1.1 200');
  await logged({ msg: 'no secure connection came about', reason: 'ERR_SSL_HTTP_REQUEST' });
});

test('the certificate of the API is taken anew when its files change, and what is no pair is not', async () => {
  writeFileSync(files.certificateFile, server.pem);
  writeFileSync(files.privateKeyFile, server.keyPem);
  const opened = openTlsFiles(files, 5);
  const served = await serving({ tls: opened.options });
  const told: string[] = [];
  let heard = () => {};
  const log = (_fields: object, line: string) => {
    told.push(line);
    heard();
  };
  const next = async (change: () => void) => {
    const line = new Promise<void>((resolve) => (heard = resolve));
    change();
    await line;
  };
  const stop = opened.follow(served.server as never, { info: log, warn: log });
  try {
    const seen = async () => {
      const socket = connect({ host: '127.0.0.1', port: served.port, ca: root.pem });
      await once(socket, 'secureConnect');
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const before = await seen();
    const newer = await certify(Date.now(), { subject: 'CN=api', by: root, addresses: ['127.0.0.1'] });
    await next(() => writeFileSync(files.certificateFile, newer.pem));
    expect(told).toEqual(['the certificate of the API cannot be taken anew']);
    expect(await seen()).toBe(before);
    // It is being written.
    for (const text of ['', newer.pem.slice(0, 200)]) {
      await next(() => writeFileSync(files.certificateFile, text));
      expect(await seen()).toBe(before);
    }
    const problems = told.splice(0);
    expect(new Set(problems)).toEqual(new Set(['the certificate of the API cannot be taken anew']));
    const ended = await certify(Date.now(), { by: root, notAfterMs: Date.now() - 1000, keys: newer.keys });
    writeFileSync(files.privateKeyFile, newer.keyPem);
    await next(() => writeFileSync(files.certificateFile, ended.pem));
    expect(told.splice(0)).toContain('the certificate of the API cannot be taken anew');
    expect(await seen()).toBe(before);
    await next(() => writeFileSync(files.certificateFile, newer.pem));
    expect(told.at(-1)).toBe('the certificate of the API was taken anew');
    expect(await seen()).not.toBe(before);
    expect(await ask(served.port, { headers: bearer(agentToken) })).toMatchObject({ status: 200 });
  } finally {
    await stop();
  }
});

test.each<[string, () => void, RegExp]>([
  [
    'an empty certificate',
    () => writeFileSync(files.certificateFile, ''),
    /^listen\.tls\.certificateFile: .*tls\.crt cannot be used/,
  ],
  [
    'an empty key',
    () => writeFileSync(files.privateKeyFile, ''),
    /^listen\.tls\.privateKeyFile: .*tls\.key cannot be used/,
  ],
  ['a key of another', () => writeFileSync(files.privateKeyFile, agent.keyPem), /no pair/],
])('no API is started with %s, and it is said which setting is meant', (_what, spoil, said) => {
  writeFileSync(files.certificateFile, server.pem);
  writeFileSync(files.privateKeyFile, server.keyPem);
  expect(() => openTlsFiles(files)).not.toThrow();
  spoil();
  expect(() => openTlsFiles(files)).toThrow(said);
  expect(() => openTlsFiles(files)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('BEGIN') }),
  );
});

test('who a connection is from cannot be negotiated anew', async () => {
  const { port } = await api();
  const socket = connect({ host: '127.0.0.1', port, ca: root.pem, maxVersion: 'TLSv1.2', ...chain() });
  await once(socket, 'secureConnect');
  const refused = await new Promise<Error | null>((resolve) => {
    socket.on('error', resolve);
    socket.renegotiate({}, resolve);
  });
  socket.destroy();
  expect(refused).toHaveProperty('code');
});

test('a proof of another key beside a certificate is refused, as it is beside a token', async () => {
  const { port } = await api();
  const headers = { dpop: 'a.b.c' };
  expect(await ask(port, { ...chain(), headers })).toEqual({ status: 401, code: 'dpop.invalid' });
  const token = tokenOf({ 'x5t#S256': thumbprintOf([agent.der]) });
  expect(await ask(port, { ...chain(), headers: { ...headers, ...bearer(token) } })).toEqual({
    status: 401,
    code: 'dpop.invalid',
  });
});
