import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

async function listensOn(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return bound;
}

/** This port of loopback when nobody has it, else a free one; 0 asks for any. */
export const portOrFree = (port: number): Promise<number> => listensOn(port).catch(() => listensOn(0));
