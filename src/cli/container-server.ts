import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecretValues } from '../sdk/held-lease.js';
import { ProtemFault } from '../sdk/protem-fault.js';
import { beforeAws } from './environment-of.js';

export interface ContainerServer {
  /** What a program needs to be given its credentials here; undefined for what must not be there. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  close(): Promise<void>;
}

/**
 * Serves AWS sessions on this machine alone, to whoever can read the token file (AWS SDKs and Tools Reference Guide,
 * "Container credential provider").
 */
export async function serveContainer(
  port: number,
  session: () => Promise<SecretValues>,
  { tokenInEnvironment = false }: { readonly tokenInEnvironment?: boolean } = {},
): Promise<ContainerServer> {
  const directory = mkdtempSync(join(tmpdir(), 'protem-'));
  chmodSync(directory, 0o700);
  const tokenFile = join(directory, 'token');
  const token = randomBytes(32).toString('base64url');
  // No newline at its end: SDKs send the file as it is.
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const server = createServer((req, res) => void answer(req, res, token, session));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    environment: {
      ...Object.fromEntries(beforeAws.map((name) => [name, undefined])),
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_SESSION_TOKEN: undefined,
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
      // An SDK that knows the file takes it before this.
      AWS_CONTAINER_AUTHORIZATION_TOKEN: tokenInEnvironment ? token : undefined,
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    },
    async close() {
      rmSync(directory, { recursive: true, force: true });
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

const loopback = /^(127\.0\.0\.1|localhost)(:\d+)?$/i;

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  token: string,
  session: () => Promise<SecretValues>,
): Promise<void> {
  // A page in a browser could reach loopback under a name of its own.
  if (!loopback.test(req.headers.host ?? '')) return send(res, 421, refusal('Misdirected', 'Not this host.'));
  if (req.method !== 'GET') return send(res, 405, refusal('MethodNotAllowed', 'This takes GET.'));
  if (!isSame(req.headers.authorization ?? '', token))
    return send(res, 401, refusal('Unauthorized', 'The token of the request is not the one of the file.'));
  try {
    const { SessionToken: Token, AccessKeyId, SecretAccessKey, Expiration, AccountId } = await session();
    send(res, 200, { AccessKeyId, SecretAccessKey, Token, Expiration, AccountId });
  } catch (error) {
    if (!(error instanceof ProtemFault))
      return send(res, 500, refusal('Failed', error instanceof Error ? error.message : 'failed'));
    const status = error.status >= 400 ? error.status : 503;
    send(res, status, refusal(error.code, `${error.detail} ${error.remedy}`));
  }
}

const refusal = (Code: string, Message: string) => ({ Code, Message });

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  res.end(JSON.stringify(body));
}

/** In constant time, and whatever the lengths are. */
const isSame = (one: string, other: string): boolean =>
  timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest());
