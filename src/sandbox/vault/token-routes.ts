import { capabilitiesOf, type Ask, type Core, type Route } from './core.js';
import { millisecondsOf, recordOf, textOf, textsOf } from './field.js';
import { pastMaximum, warningsOf } from './renewal.js';
import { done, invalidAccessor, ok, refuse, type Reply } from './reply.js';
import type { Token } from './tokens.js';

/** A token role: what tokens that are created through it must be. */
export interface TokenRole {
  readonly allowedPolicies: readonly string[];
  readonly orphan?: boolean;
  readonly renewable?: boolean;
  /** The maximum that renewals of its tokens have, whatever the token itself was made with. */
  readonly explicitMaxSeconds?: number;
  /** Makes its tokens periodic, whatever TTL was asked for. */
  readonly periodSeconds?: number;
}

/** `auth/token/`: developer.hashicorp.com/vault/api-docs/auth/token. */
export function tokenRoutes(core: Core, roles: Readonly<Record<string, TokenRole>>): Route[] {
  const { tokens } = core;
  const byAccessor = (ask: Ask) => tokens.byAccessor(textOf(ask.body['accessor']));
  return [
    {
      method: 'POST',
      path: /^auth\/token\/create-orphan$/,
      answer: (ask) => create(core, ask, { orphan: true }),
    },
    { method: 'POST', path: /^auth\/token\/create$/, answer: (ask) => create(core, ask, {}) },
    {
      method: 'POST',
      path: /^auth\/token\/create\/([\w-]+)$/,
      answer: (ask) => {
        const role = roles[ask.captured[0] ?? ''];
        return role
          ? create(core, ask, { name: ask.captured[0]!, explicitMaxSeconds: 0, ...role })
          : refuse(400, `unknown role ${ask.captured[0]}`);
      },
    },
    {
      method: 'GET',
      path: /^auth\/token\/lookup-self$/,
      answer: (ask) => ok({ data: seen(core, ask.token!, true) }),
    },
    {
      method: 'POST',
      path: /^auth\/token\/lookup$/,
      answer: ({ body }) => {
        const token = tokens.find(textOf(body['token']));
        return token ? ok({ data: seen(core, token, true) }) : refuse(403, 'bad token');
      },
    },
    {
      method: 'POST',
      path: /^auth\/token\/lookup-accessor$/,
      answer: (ask) => {
        const token = byAccessor(ask);
        return token ? ok({ data: seen(core, token, false) }) : invalidAccessor;
      },
    },
    {
      method: 'POST',
      path: /^auth\/token\/renew-accessor$/,
      answer: (ask) => {
        const token = byAccessor(ask);
        if (!token) return invalidAccessor;
        if (!token.renewable) return refuse(400, '1 error occurred:\n\t* invalid request\n\n');
        return renewed(core, token, ask.body['increment'], '');
      },
    },
    {
      method: 'POST',
      path: /^auth\/token\/revoke-accessor$/,
      answer: (ask) => {
        const token = byAccessor(ask);
        if (!token) return ok({ warnings: ['No token found with this accessor'] });
        tokens.revoke(token);
        return done;
      },
    },
    {
      method: 'POST',
      path: /^auth\/token\/revoke-self$/,
      answer: ({ token }) => {
        tokens.revoke(token!);
        return done;
      },
    },
    {
      method: 'POST',
      path: /^auth\/token\/renew-self$/,
      answer: ({ token, body }) => {
        if (!token!.renewable) return refuse(400, 'lease is not renewable');
        return renewed(core, token!, body['increment'], token!.id);
      },
    },
    {
      method: 'LIST',
      path: /^auth\/token\/accessors\/?$/,
      sudo: true,
      answer: () => ok({ data: { keys: tokens.all().map(({ accessor }) => accessor) } }),
    },
  ];
}

function renewed(core: Core, token: Token, increment: unknown, shownAs: string): Reply {
  const renewed = core.tokens.renew(token, millisecondsOf(increment));
  if (!renewed) return pastMaximum;
  return ok({ auth: { ...authOf(core, token), client_token: shownAs }, ...warningsOf(renewed) });
}

/** What a token is made by: a token role with its name, or an endpoint of its own. */
type MadeBy = Partial<TokenRole> & { readonly name?: string };

function create(core: Core, { token: parent, body, path }: Ask, role: MadeBy): Reply {
  const withDefault = body['no_default_policy'] === true ? [] : ['default'];
  const policies = [...new Set([...withDefault, ...(textsOf(body['policies']) ?? parent!.policies)])];
  if (role.allowedPolicies) {
    const allowed = [...withDefault, ...role.allowedPolicies.toSorted()];
    if (!policies.every((name) => allowed.includes(name)))
      return refuse(
        400,
        `token policies (${list(policies)}) must be subset of the role's allowed policies (${list(allowed)}) or glob policies ([])`,
      );
  } else if (!mayGiveAny(core, parent!, path) && !policies.every((name) => parent!.policies.includes(name)))
    return refuse(400, 'child policies must be subset of parent');
  if (policies.includes('root') && !parent!.policies.includes('root'))
    return refuse(400, 'root tokens may not be created without parent token being root');
  const type = body['type'];
  if (type !== undefined && type !== 'service')
    return refuse(400, `the stand-in makes no ${textOf(type)} tokens`);
  const asked = millisecondsOf(body['ttl']);
  const lifeMs = role.periodSeconds === undefined ? asked : role.periodSeconds * 1000;
  const token = core.tokens.create({
    path,
    policies,
    displayName: `token-${textOf(body['display_name']).replace(/[^\w-]|_/g, '-')}`.replace(/-$/, ''),
    meta: recordOf(body['meta']),
    renewable: role.renewable !== false && body['renewable'] !== false,
    explicitMaxMs: millisecondsOf(body['explicit_max_ttl']) ?? 0,
    ...(role.explicitMaxSeconds === undefined ? {} : { renewalMaxMs: role.explicitMaxSeconds * 1000 }),
    ...(role.name === undefined ? {} : { role: role.name }),
    ...(role.orphan ? {} : { parent: parent!.id }),
    ...(lifeMs === undefined ? {} : { lifeMs }),
  });
  return ok({ auth: authOf(core, token) });
}

const mayGiveAny = (core: Core, token: Token, path: string) =>
  capabilitiesOf(core, token, path).some((capability) => capability === 'root' || capability === 'sudo');

const list = (names: readonly string[]) => `[${names.map((name) => `"${name}"`).join(' ')}]`;

const secondsLeft = (core: Core, { endsAt }: Token) =>
  endsAt === Infinity ? 0 : Math.max(0, Math.floor((endsAt - core.clock()) / 1000));

/** The `auth` part of an answer that hands over a token. */
export const authOf = (core: Core, token: Token) => ({
  client_token: token.id,
  accessor: token.accessor,
  policies: token.policies,
  token_policies: token.policies,
  metadata: token.meta,
  lease_duration: token.endsAt === Infinity ? 0 : Math.round((token.endsAt - core.clock()) / 1000),
  renewable: token.renewable,
  entity_id: '',
  token_type: 'service',
  orphan: token.parent === undefined,
  mfa_requirement: null,
  num_uses: 0,
});

function seen(core: Core, token: Token, withId: boolean) {
  return {
    accessor: token.accessor,
    creation_time: Math.floor(token.issuedAt / 1000),
    creation_ttl: token.lifeMs / 1000,
    display_name: token.displayName,
    entity_id: '',
    expire_time: token.endsAt === Infinity ? null : new Date(token.endsAt).toISOString(),
    explicit_max_ttl: token.explicitMaxMs / 1000,
    id: withId ? token.id : '',
    issue_time: new Date(token.issuedAt).toISOString(),
    ...(token.renewedAt === undefined
      ? {}
      : {
          last_renewal: new Date(token.renewedAt).toISOString(),
          last_renewal_time: Math.floor(token.renewedAt / 1000),
        }),
    meta: token.meta,
    num_uses: token.wraps ? 1 : 0,
    orphan: token.parent === undefined,
    path: token.path,
    policies: token.policies,
    renewable: token.renewable,
    ...(token.role === undefined ? {} : { role: token.role }),
    ttl: secondsLeft(core, token),
    type: 'service',
  };
}
