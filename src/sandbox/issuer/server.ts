import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

export interface Issuing {
  readonly requests: Map<string, number>;
  readonly trustDomain: string;
  publicKeys(): readonly object[];
  bundle(): object;
  mintToken(claims: Readonly<Record<string, unknown>>): Promise<string>;
  mintSvid(spiffeId: string, audience: undefined, claims: object): Promise<string>;
}

const tokenRequest = z.strictObject({
  subject: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  kind: z.enum(['agent', 'operator', 'orchestrator']).default('agent'),
  role: z.enum(['viewer', 'approver', 'admin', 'breakglass']).default('admin'),
  /** Agents can come with either. */
  format: z.enum(['svid', 'oidc']).optional(),
  /** Thumbprint of a key of the caller: the token is bound to it (RFC 9449 section 6.1). */
  jkt: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .optional(),
});

const maximumBodyBytes = 4096;

/** Serves on loopback; the port is the one asked for, or a free one for 0. */
export async function listen(
  port: number,
  issuing: Issuing,
): Promise<{ url: string; readonly close: () => Promise<void> }> {
  let url = '';
  const server = createServer((request, response) => {
    answer(request, url, issuing).then(
      ({ status, body }) => send(response, status, body),
      () => send(response, 500, { error: 'server_error' }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () =>
    new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  return { url, close };
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

async function answer(request: IncomingMessage, url: string, issuing: Issuing): Promise<Answer> {
  // A page in a browser could reach loopback under a name of its own, and read what it asked for.
  if (!isLoopback(request.headers.host)) return { status: 421, body: { error: 'misdirected_request' } };
  const path = request.url ?? '/';
  issuing.requests.set(path, (issuing.requests.get(path) ?? 0) + 1);
  switch (`${request.method} ${path}`) {
    case 'GET /.well-known/openid-configuration':
      return { status: 200, body: discovery(url) };
    case 'GET /jwks':
      return { status: 200, body: { keys: issuing.publicKeys() } };
    case 'GET /bundle':
      return { status: 200, body: issuing.bundle() };
    case 'POST /token':
      return mint(request, issuing);
    default:
      return { status: 404, body: { error: 'not_found' } };
  }
}

const discovery = (url: string) => ({
  issuer: url,
  jwks_uri: `${url}/jwks`,
  token_endpoint: `${url}/token`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
});

/** `curl -d subject=alice -d kind=operator .../token`, or the same as JSON. */
async function mint(request: IncomingMessage, issuing: Issuing): Promise<Answer> {
  const asked = tokenRequest.safeParse(await readBody(request));
  if (!asked.success)
    return {
      status: 400,
      body: { error: 'invalid_request', error_description: z.prettifyError(asked.error) },
    };
  const { subject, kind, role, format = kind === 'agent' ? 'svid' : 'oidc', jkt } = asked.data;
  const bound = jkt === undefined ? {} : { cnf: { jkt } };
  const access_token =
    format === 'svid'
      ? await issuing.mintSvid(`spiffe://${issuing.trustDomain}/${kind}/${subject}`, undefined, bound)
      : await issuing.mintToken({ sub: subject, kind, ...(kind === 'operator' && { role }), ...bound });
  return {
    status: 200,
    body: {
      access_token,
      token_type: jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: format === 'svid' ? 300 : 600,
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > maximumBodyBytes) return undefined;
  }
  if (!request.headers['content-type']?.includes('json'))
    return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isLoopback = (host: string | undefined): boolean =>
  /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '');

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
