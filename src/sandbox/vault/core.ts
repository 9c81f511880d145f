import type { Clock } from '../../kernel/clock.js';
import type { Database } from './database.js';
import type { Leases } from './leases.js';
import { capabilitiesOn, type Rule } from './policy.js';
import type { Reply } from './reply.js';
import type { Token, Tokens } from './tokens.js';

/** What stands behind the routes. */
export interface Core {
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly leases: Leases;
  readonly database: Database;
  /** By policy name. */
  readonly policies: Map<string, readonly Rule[]>;
}

export interface Ask {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Undefined only on routes that are open. */
  readonly token: Token | undefined;
  readonly wrapTtlMs: number | undefined;
  /** What the route's pattern captured. */
  readonly captured: readonly string[];
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'LIST';
  readonly path: RegExp;
  /** Needs no token. */
  readonly open?: true;
  /** Needs `sudo` beside the capability of the method. */
  readonly sudo?: true;
  readonly answer: (ask: Ask) => Reply;
}

/** What every token may do but those made without the default policy. */
export const defaultPolicy = `
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
path "sys/wrapping/wrap" { capabilities = ["update"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
`;

export function capabilitiesOf(core: Core, token: Token, path: string): readonly string[] {
  if (token.policies.includes('root')) return ['root'];
  return capabilitiesOn(
    path,
    token.policies.flatMap((name) => core.policies.get(name) ?? []),
  );
}

const needed = { GET: ['read'], LIST: ['list'], POST: ['update', 'create'] } as const;

export function allows(
  core: Core,
  token: Token,
  route: Pick<Route, 'method' | 'sudo'>,
  path: string,
): boolean {
  const has = capabilitiesOf(core, token, path);
  if (has.includes('root')) return true;
  return needed[route.method].some((one) => has.includes(one)) && (!route.sudo || has.includes('sudo'));
}
