import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Said {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server that answers exactly what a test tells it to, for answers that no well-behaved Vault would give. */
export async function startRawVault(answer: (heard: Heard) => Said) {
  const heard: Heard[] = [];
  let sockets = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const one: Heard = {
        method: request.method ?? '',
        path: (request.url ?? '').replace(/^\/v1\//, ''),
        headers: request.headers,
        body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
      };
      heard.push(one);
      const { status, body, headers } = answer(one);
      response.writeHead(status, headers);
      response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  server.on('connection', () => sockets++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    sockets: () => sockets,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The answer of Vault to a token that is created, or a login. */
export const authAnswer = (more: Record<string, unknown> = {}): Said => ({
  status: 200,
  body: {
    auth: {
      client_token: 'hvs.token-of-the-lease-0123456789',
      accessor: 'accessor-of-the-lease',
      lease_duration: 900,
      renewable: false,
      orphan: true,
      token_type: 'service',
      ...more,
    },
  },
});

/** The broker looks its token up: it has no end. */
export const lookupAnswer: Said = { status: 200, body: { data: { ttl: 0, renewable: false } } };
