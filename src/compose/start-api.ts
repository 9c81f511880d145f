import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Log } from '../http/log.js';
import { createHttpServer } from '../http/server.js';
import type { HttpPorts } from '../http/server.js';
import type { Settings } from '../settings/load.js';
import { openTlsFiles } from './tls-files.js';

/** Listens where the settings say; its address. */
export async function startApi(
  { listen: { host, port, tls }, trustDomains }: Settings,
  ports: HttpPorts & { readonly log: Log },
  closing: (() => Promise<unknown>)[],
): Promise<string> {
  const takesSvids = trustDomains.some(({ x509Svids }) => x509Svids);
  const files = tls && openTlsFiles({ ...tls, askForCertificates: tls.askForCertificates || takesSvids });
  const { server, stop } = createHttpServer({ ...ports, tls: files?.options });
  if (files && server instanceof TlsServer) closing.push(files.follow(server, ports.log));
  server.listen(port, host);
  await once(server, 'listening');
  closing.push(stop);
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}
