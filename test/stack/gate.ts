import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';

/** Requests that are held back. */
export interface Held {
  /** Resolves when the first has arrived, and, for `after`, when the provider has done what it asks. */
  readonly reached: Promise<void>;
  /** How many are, or were, held. */
  count(): number;
  release(): void;
}

/** Stands before a provider and passes everything on as it is, but for what it is told to hold back or to refuse. */
export interface Gate {
  readonly url: string;
  /** `before` the provider sees it, or `after` it has done the work and before its answer goes out. */
  hold(path: RegExp, when: 'before' | 'after'): Held;
  /** 503 instead of passing on. */
  refuse(path: RegExp): void;
  /** Passes everything on again, and drops what is still held. */
  open(): void;
  /** Requests to such paths that have arrived. */
  calls(path: RegExp): number;
  close(): Promise<void>;
}

export async function startGate(target: string): Promise<Gate> {
  const agent = new Agent();
  const seen: string[] = [];
  let refused: RegExp | undefined;
  let holding: { path: RegExp; when: 'before' | 'after'; pass: () => Promise<boolean> } | undefined;

  const server = createServer((incoming, outgoing) => {
    const answer = async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const path = incoming.url ?? '/';
      seen.push(path);
      const held = holding?.path.test(path) ? holding : undefined;
      const drop = () => incoming.socket.destroy();
      if (held?.when === 'before' && !(await held.pass())) return drop();
      if (refused?.test(path)) {
        outgoing.writeHead(503, { 'content-type': 'application/json' }).end('{"errors":["not now"]}');
        return;
      }
      const { host: _, connection: __, 'content-length': ___, ...headers } = incoming.headers;
      const body = Buffer.concat(chunks);
      const {
        statusCode,
        headers: said,
        body: told,
      } = await request(`${target}${path}`, {
        dispatcher: agent,
        method: incoming.method as 'GET',
        headers,
        ...(body.length > 0 ? { body } : {}),
      });
      const text = await told.text();
      if (held?.when === 'after' && !(await held.pass())) return drop();
      const { 'content-type': type, 'retry-after': later } = said;
      outgoing
        .writeHead(statusCode, {
          'content-type': String(type),
          ...(later !== undefined && { 'retry-after': String(later) }),
        })
        .end(text);
    };
    answer().catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  let letGo: (pass: boolean) => void = () => {};
  const open = () => {
    refused = undefined;
    holding = undefined;
    letGo(false);
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(path, when) {
      let count = 0;
      let arrived = () => {};
      const reached = new Promise<void>((resolve) => (arrived = resolve));
      const released = new Promise<boolean>((resolve) => (letGo = resolve));
      const release = letGo;
      const pass = () => {
        count++;
        arrived();
        return released;
      };
      const mine = { path, when, pass };
      holding = mine;
      return {
        reached,
        count: () => count,
        release() {
          if (holding === mine) holding = undefined;
          release(true);
        },
      };
    },
    refuse: (path) => (refused = path),
    open,
    calls: (path) => seen.filter((each) => path.test(each)).length,
    async close() {
      open();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      // Not `close`: that would wait for a provider that was told to hang.
      await agent.destroy();
    },
  };
}
