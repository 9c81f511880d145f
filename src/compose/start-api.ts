import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createHttpServer } from '../http/server.js';
import type { HttpPorts } from '../http/server.js';
import type { Settings } from '../settings/load.js';

/** Listens where the settings say; its address. */
export async function startApi(
  { listen: { host, port } }: Settings,
  ports: HttpPorts,
  closing: (() => Promise<unknown>)[],
): Promise<string> {
  const { server, stop } = createHttpServer(ports);
  server.listen(port, host);
  await once(server, 'listening');
  closing.push(stop);
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}
