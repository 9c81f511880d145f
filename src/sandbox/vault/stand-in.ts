import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { systemClock, type Clock } from '../../kernel/clock.js';
import { Secret } from '../../kernel/secret.js';
import { allows, defaultPolicy, type Core, type Route } from './core.js';
import { openDatabase } from './database.js';
import { openFaultInjector, type VaultFault } from './fault.js';
import { millisecondsOf, textOf } from './field.js';
import { openLeases } from './leases.js';
import { hangUp, listen } from './listen.js';
import { loginRoutes, type AppRole, type ServiceAccount } from './login-routes.js';
import { parsePolicy } from './policy.js';
import { denied, refuse, type Reply } from './reply.js';
import { databaseRoutes, kvRoutes, type DatabaseRole } from './secret-routes.js';
import { systemRoutes, wrapReply, wrappingRoutes } from './system-routes.js';
import { tokenRoutes, type TokenRole } from './token-routes.js';
import { openTokens } from './tokens.js';

type Data = Readonly<Record<string, unknown>>;

export interface VaultStandInOptions {
  readonly clock?: Clock;
  /** 0 and its absence take any free port. */
  readonly port?: number;
  /** HCL by name. */
  readonly policies?: Readonly<Record<string, string>>;
  readonly tokenRoles?: Readonly<Record<string, TokenRole>>;
  readonly appRoles?: readonly AppRole[];
  readonly serviceAccounts?: readonly ServiceAccount[];
  readonly databaseRoles?: Readonly<Record<string, DatabaseRole>>;
  /** Values of the KV engines, by path: version 1 at `kv/`, version 2 at `secret/`. */
  readonly kv1?: Readonly<Record<string, Data>>;
  readonly kv2?: Readonly<Record<string, Data>>;
}

export interface VaultStandIn {
  readonly url: string;
  readonly rootToken: Secret;
  /** Answers who is connected to `GET /` with the Basic authentication of a leased user, and 401 to anyone else. */
  readonly databaseUrl: string;
  setFault(fault: VaultFault | undefined): void;
  /** Requests that have arrived. */
  calls(): number;
  connections(): Promise<number>;
  databaseUsers(): readonly string[];
  close(): Promise<void>;
}

/**
 * Vault for the sandbox and for tests: real HTTP and Vault's own answers on loopback, with tokens, policies, leases
 * and ends that are enforced. It keeps nothing when it closes.
 */
export async function startVaultStandIn(options: VaultStandInOptions = {}): Promise<VaultStandIn> {
  const clock = options.clock ?? systemClock;
  const leases = openLeases(clock);
  const tokens = openTokens(clock, (token) => leases.endLater(token.id));
  const expire = () => {
    tokens.expire();
    leases.expire();
  };
  const policies = new Map(
    Object.entries({ default: defaultPolicy, ...options.policies }).map(([name, text]) => [
      name,
      parsePolicy(text),
    ]),
  );
  const database = await openDatabase(expire);
  const core: Core = { clock, tokens, leases, database, policies };
  const root = tokens.create({ path: 'auth/token/root', policies: ['root'], lifeMs: 0 });
  const routes = [
    ...tokenRoutes(core, options.tokenRoles ?? {}),
    ...loginRoutes(core, options.appRoles ?? [], options.serviceAccounts ?? []),
    ...systemRoutes(core),
    ...wrappingRoutes(core),
    ...databaseRoutes(core, options.databaseRoles ?? {}),
    ...kvRoutes(options.kv1 ?? {}, options.kv2 ?? {}),
  ];
  const faults = openFaultInjector();
  let calls = 0;

  const server = createServer((request, response) => {
    calls++;
    const work = (text: string) => {
      const url = new URL(request.url ?? '/', 'http://vault');
      const path = decodeURIComponent(url.pathname).replace(/^\/v1\//, '');
      if (faults.strikes(path, request, response)) return;
      expire();
      const reply = answer(core, routes, request, path, url.searchParams.get('list') === 'true', text);
      if (faults.drops()) request.socket.destroy();
      else send(response, reply);
    };
    bodyOf(request)
      .then(work)
      .catch(() => request.socket.destroy());
  });
  const url = await listen(server, options.port).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });

  return {
    url,
    rootToken: new Secret(root.id),
    databaseUrl: database.url,
    setFault: (fault) => faults.set(fault),
    calls: () => calls,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    databaseUsers: () => database.users(),
    async close() {
      await hangUp(server);
      await database.close();
    },
  };
}

function answer(
  core: Core,
  routes: readonly Route[],
  request: IncomingMessage,
  path: string,
  list: boolean,
  text: string,
): Reply {
  const method =
    list || request.method === 'LIST' ? 'LIST' : request.method === 'PUT' ? 'POST' : request.method;
  const body = parse(text);
  if (!body) return refuse(400, 'error parsing JSON');
  const token = core.tokens.find(textOf(request.headers['x-vault-token']));
  const route = routes.find((one) => one.method === method && one.path.test(path));
  if (!route?.open) {
    if (!token || token.wraps) return refuse(403, 'permission denied');
    if (!allows(core, token, route ?? { method: 'GET' }, path)) return denied;
  }
  if (!route) return refuse(404, `no handler for route ${JSON.stringify(path)}. route entry not found.`);
  const wrapTtlMs = millisecondsOf(request.headers['x-vault-wrap-ttl']);
  const captured = route.path.exec(path)?.slice(1) ?? [];
  const reply = route.answer({ path, body, token, wrapTtlMs, captured });
  return wrapTtlMs === undefined || route.open ? reply : wrapReply(core, reply, wrapTtlMs, path);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(body ? JSON.stringify(body) : undefined);
}
