import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from '@jest/globals';
import { exchangeBy, showsCertificate } from '../../src/cli/exchange.js';
import { openCaller } from '../../src/sdk/call.js';
import type { ProtemFault } from '../../src/sdk/protem-fault.js';
import { authority, certify } from '../identity/x509/certifying.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function answering(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const headers = { authorization: 'Bearer secret' };
const exchange = exchangeBy({});

test('an answer has its status, headers and text, whatever the status', async () => {
  const url = await answering((request, response) => {
    response.writeHead(403, { 'dpop-nonce': 'n1' });
    request.pipe(response);
  });
  const answer = await exchange(url, { method: 'POST', headers, body: '{"a":"ü"}' });
  expect([answer.ok, answer.status, answer.headers.get('DPoP-Nonce')]).toEqual([false, 403, 'n1']);
  expect(answer.headers.get('x-none')).toBeNull();
  expect(await answer.text()).toBe('{"a":"ü"}');
});

test('a redirect is an error, and the token goes nowhere else', async () => {
  let asked = 0;
  const elsewhere = await answering((_request, response) => {
    asked += 1;
    response.end();
  });
  const url = await answering((_request, response) => response.writeHead(307, { location: elsewhere }).end());
  await expect(exchange(url, { headers })).rejects.toThrow('redirect');
  expect(asked).toBe(0);
});

test('an abort ends it, before the answer and in the middle of it', async () => {
  const early = new AbortController();
  const silent = await answering(() => early.abort());
  await expect(exchange(silent, { headers, signal: early.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  const late = new AbortController();
  const halting = await answering((_request, response) => void response.write('half'));
  const answer = await exchange(halting, { headers, signal: late.signal });
  const text = answer.text();
  late.abort();
  await expect(text).rejects.toThrow();
});

test('an answer that is cut off is an error, and so is a broker that is not there', async () => {
  const cutting = await answering((_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.destroy());
  });
  await expect(exchange(cutting, { headers }).then((answer) => answer.text())).rejects.toThrow();
  await expect(exchange('http://127.0.0.1:1', { headers })).rejects.toThrow('ECONNREFUSED');
});

test('over TLS it believes whom it is told to, and shows the certificate that the file holds by then', async () => {
  const now = Date.now();
  const root = await authority(now);
  const server = await certify(now, { by: root, addresses: ['127.0.0.1'] });
  const tls = { cert: server.pem, key: server.keyPem, requestCert: true, rejectUnauthorized: false };
  const secure = createTlsServer(tls, (request, response) =>
    response.end((request.socket as TLSSocket).getPeerX509Certificate()?.serialNumber ?? 'none'),
  ).listen(0, '127.0.0.1');
  servers.push(secure);
  await once(secure, 'listening');
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  const directory = mkdtempSync(join(tmpdir(), 'protem-exchange-'));
  const [ca, cert, key] = ['ca.pem', 'svid.pem', 'svid.key'].map((name) => join(directory, name));
  writeFileSync(ca!, root.pem);
  const believing = { PROTEM_CA_FILE: ca! };
  await expect(exchange(url, {})).rejects.toThrow('unable to verify');
  expect(await (await exchangeBy(believing)(url, {})).text()).toBe('none');
  const showing = { ...believing, PROTEM_CERTIFICATE_FILE: cert!, PROTEM_PRIVATE_KEY_FILE: key! };
  for (const svid of [await certify(now, { by: root }), await certify(now, { by: root })]) {
    writeFileSync(cert!, svid.pem);
    writeFileSync(key!, svid.keyPem);
    const shown = await (await exchangeBy(showing)(url, {})).text();
    expect(shown.toLowerCase()).toBe(svid.certificate.serialNumber);
  }
  expect([showsCertificate(showing), showsCertificate(believing), showsCertificate({})]).toEqual([
    true,
    false,
    false,
  ]);
});

test('what stands in the way of a secure connection is told, by name, and nothing of what the files hold', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'protem-exchange-'));
  const [cert, key, other, text] = ['svid.pem', 'svid.key', 'other.key', 'ca.txt'].map((name) =>
    join(directory, name),
  );
  writeFileSync(text!, 'no certificate');
  const svid = await certify(Date.now(), {});
  writeFileSync(cert!, svid.pem);
  writeFileSync(key!, svid.keyPem);
  writeFileSync(other!, (await certify(Date.now(), {})).keyPem);
  const tried = async (environment: Record<string, string>, url = 'https://127.0.0.1:1') => {
    const send = openCaller({ url, token: 'a', fetch: exchangeBy(environment), attempts: 1 }).send;
    return send({ method: 'GET', path: '/v1/catalog' }).catch((error: unknown) => error as ProtemFault);
  };
  const showing = { PROTEM_CERTIFICATE_FILE: cert!, PROTEM_PRIVATE_KEY_FILE: key! };
  for (const [environment, said] of [
    [{ PROTEM_CA_FILE: join(directory, 'none.pem') }, 'PROTEM_CA_FILE: '],
    [{ PROTEM_CA_FILE: text! }, 'PROTEM_CA_FILE: '],
    [{ PROTEM_CERTIFICATE_FILE: cert! }, 'PROTEM_PRIVATE_KEY_FILE go together'],
    [{ ...showing, PROTEM_PRIVATE_KEY_FILE: directory }, 'PROTEM_PRIVATE_KEY_FILE: '],
    [{ ...showing, PROTEM_PRIVATE_KEY_FILE: other! }, 'No secure connection'],
  ] as const)
    expect(await tried(environment)).toMatchObject({
      code: 'client.insecure',
      retry: false,
      detail: expect.stringContaining(said),
    });
  const server = await certify(Date.now(), { addresses: ['127.0.0.1'] });
  const secure = createTlsServer({ cert: server.pem, key: server.keyPem }).listen(0, '127.0.0.1');
  servers.push(secure);
  await once(secure, 'listening');
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  expect(await tried({}, url)).toMatchObject({ code: 'client.insecure', retry: false });
  const plain = await answering((_request, response) => response.end());
  expect(await tried({}, plain.replace('http:', 'https:'))).toMatchObject({ code: 'client.insecure' });
  expect(await tried(showing)).toMatchObject({ code: 'client.unreachable', retry: true });
});
