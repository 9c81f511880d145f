import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';

export interface WatchingProxy {
  readonly url: string;
  /** When Vault had answered that this lease of its own is gone: milliseconds since the epoch, by its lease id. */
  readonly goneAt: ReadonlyMap<string, number>;
  /** Vault's lease ids of what it gave out, with the secret itself, which is the only thing that its receiver knows. */
  readonly given: readonly { readonly leaseId: string; readonly secret: string }[];
  close(): Promise<void>;
}

/** Of a database user, or a one-time password. */
export interface Given {
  readonly password?: string;
  readonly key?: string;
}
export const secretOf = ({ password, key }: Given): string => password ?? key ?? '';

/** Passes everything on, and notes what Vault gave out and what it has ended. It costs what it measures a little. */
export async function startWatchingProxy(target: string): Promise<WatchingProxy> {
  const agent = new Agent({ connections: 128 });
  const goneAt = new Map<string, number>();
  const given: { leaseId: string; secret: string }[] = [];
  const server = createServer((incoming, outgoing) => {
    const pass = async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const path = incoming.url ?? '/';
      const { host: _, connection: __, 'content-length': ___, ...headers } = incoming.headers;
      const answer = await request(`${target}${path}`, {
        dispatcher: agent,
        method: incoming.method as 'GET',
        headers,
        ...(body.length > 0 && { body }),
      });
      const text = await answer.body.text();
      if (path.endsWith('/sys/leases/revoke') && answer.statusCode === 204) {
        const { lease_id } = JSON.parse(body.toString()) as { lease_id: string };
        if (!goneAt.has(lease_id)) goneAt.set(lease_id, Date.now());
      }
      if (path.includes('/creds/') && answer.statusCode === 200) {
        const { lease_id: leaseId, data } = JSON.parse(text) as { lease_id: string; data: Given };
        given.push({ leaseId, secret: secretOf(data) });
      }
      outgoing.writeHead(answer.statusCode, { 'content-type': 'application/json' }).end(text);
    };
    pass().catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goneAt,
    given,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await agent.close();
    },
  };
}
