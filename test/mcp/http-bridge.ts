import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

interface Message {
  readonly id?: string | number;
  readonly method?: string;
}

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bridge', version: '0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const beginning = ['server/discover', 'tools/list'].map((method) =>
  JSON.stringify({ jsonrpc: '2.0', id: method, method, params: { _meta: meta } }),
);

/** One server on standard input and output, and who waits for its next message. */
interface Server {
  readonly child: ChildProcess;
  /** By the id of the request: where its answer goes, and all that the server says before it. */
  readonly waiting: Map<string | number, ServerResponse>;
}

/**
 * What speaks MCP over Streamable HTTP reaches a server of standard input and output through this: each message is passed
 * on as it is, in both directions. A client of 2025 gets a process of its own, those of 2026-07-28 share one, to
 * which the bridge says first what such a client says: on standard input the first messages decide which of them it is.
 */
export async function bridgeMcp(command: string, words: readonly string[], environment: NodeJS.ProcessEnv) {
  const servers = new Map<string, Server>();
  const http = createServer((req, res) => void pass(req, res));

  function startServer(session: string): Server {
    const child = spawn(command, words, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    const server: Server = { child, waiting: new Map() };
    servers.set(session, server);
    if (session === '') child.stdin!.write(`${beginning.join('\n')}\n`);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const message = JSON.parse(line) as Message;
      const isAnswer = message.method === undefined && message.id !== undefined;
      const to = isAnswer ? server.waiting.get(message.id!) : [...server.waiting.values()][0];
      to?.write(`event: message\ndata: ${line}\n\n`);
      if (!isAnswer) return;
      server.waiting.delete(message.id!);
      to?.end();
    });
    return server;
  }

  async function pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const body = await text(req);
    const message = JSON.parse(body) as Message;
    const named = req.headers['mcp-session-id'];
    const session = typeof named === 'string' ? named : message.method === 'initialize' ? randomUUID() : '';
    const server = servers.get(session) ?? startServer(session);
    const headers = session === '' ? {} : { 'mcp-session-id': session };
    if (message.method === undefined || message.id === undefined) res.writeHead(202, headers).end();
    else {
      const { id } = message;
      // Going away is how a request is taken back over HTTP.
      res.once('close', () => {
        if (!server.waiting.delete(id)) return;
        const params = { requestId: id, _meta: meta };
        const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params };
        server.child.stdin!.write(`${JSON.stringify(cancelled)}\n`);
      });
      server.waiting.set(id, res.writeHead(200, { 'content-type': 'text/event-stream', ...headers }));
      res.flushHeaders();
    }
    server.child.stdin!.write(`${JSON.stringify(message)}\n`);
  }

  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    async close(): Promise<void> {
      http.close();
      http.closeAllConnections();
      const ended = [...servers.values()].map(async ({ child }) => {
        child.stdin!.end();
        if (child.exitCode === null) await once(child, 'exit');
      });
      await Promise.all(ended);
    },
  };
}
