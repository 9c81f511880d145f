import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import { openFaultInjector, type VaultFault } from '../../src/sandbox/vault/fault.js';

export interface FaultProxy {
  readonly url: string;
  setFault(fault: VaultFault | undefined): void;
  calls(): number;
  connections(): Promise<number>;
  close(): Promise<void>;
}

/** Stands before a real server, passes every request on as it is, and misbehaves when told to. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const faults = openFaultInjector();
  const agent = new Agent();
  let calls = 0;
  const server = createServer((incoming, outgoing) => {
    calls++;
    const pass = async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const path = new URL(incoming.url ?? '/', target).pathname.replace(/^\/v1\//, '');
      if (faults.strikes(path, incoming, outgoing)) return;
      const drop = faults.drops();
      const { host: _, connection: __, 'content-length': ___, ...headers } = incoming.headers;
      const body = Buffer.concat(chunks);
      const answer = await request(`${target}${incoming.url ?? '/'}`, {
        dispatcher: agent,
        method: incoming.method as 'GET',
        headers,
        ...(body.length > 0 ? { body } : {}),
      });
      const text = await answer.body.text();
      if (drop) incoming.socket.destroy();
      else
        outgoing
          .writeHead(answer.statusCode, {
            'content-type': String(answer.headers['content-type'] ?? 'application/json'),
          })
          .end(text);
    };
    pass().catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setFault: (fault) => faults.set(fault),
    calls: () => calls,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await agent.close();
    },
  };
}
