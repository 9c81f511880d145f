import { conditionsHold } from './condition.js';
import { type Context, matchesAction, matchesArn } from './pattern.js';
import type { Policy, Selection, Statement } from './policy.js';
import { namedAs, type NamedAs, type Principal, waysOfNaming } from './principal.js';

export interface Request {
  readonly principal: Principal;
  /** `service:Action`. */
  readonly action: string;
  /** ARN, or `*` for actions that have no resource. */
  readonly resource: string;
  /** The account that owns the resource, 12 digits. */
  readonly resourceAccount: string;
  /** Names of keys in lower case; a key that is not there is absent from the request. */
  readonly context: Context;
}

/** Every policy that applies to a request. An absent kind does not limit; an empty `identity` grants nothing. */
export interface PoliciesInForce {
  readonly identity: readonly Policy[];
  /** Session policies: together they bound what the identity policies grant. */
  readonly session?: readonly Policy[];
  /** Scope-down policies of GetScopedCredentials: each of them has to allow, whatever else does. */
  readonly scoped?: readonly Policy[];
  readonly boundary?: Policy;
  /** Bucket policy. */
  readonly resource?: Policy;
  /** Trust policy of a role: as `resource`, and without its consent nothing goes. */
  readonly trust?: Policy;
  /** Service control policies of one level of the organization. */
  readonly organization?: readonly Policy[];
}

export interface Decision {
  readonly is: 'allowed' | 'explicitly_denied' | 'implicitly_denied';
  /** The kind of policy that decided. */
  readonly by: keyof PoliciesInForce | 'service';
  readonly sid?: string;
}

/**
 * Decides as IAM does (User Guide, "Policy evaluation logic"): an explicit deny anywhere wins; then every kind of
 * policy that is in force has to allow, but a resource policy of the same account can stand in for the identity
 * policies; for the boundary too when it names everyone; and for all three when it names the very session or user.
 * Scope-down policies nothing can stand in for: AWS documents them as an intersection with all that a session may do.
 */
export function evaluate(request: Request, policies: PoliciesInForce): Decision {
  // "No permissions are required ... if an administrator denies it, you can still perform this operation."
  if (request.action.toLowerCase() === 'sts:getcalleridentity') return { is: 'allowed', by: 'service' };
  const denied = explicitDeny(request, policies);
  if (denied) return denied;

  const { identity, session, boundary, trust, organization } = policies;
  const resource = trust ?? policies.resource;
  const kind = trust ? 'trust' : 'resource';
  if (organization && !allows(organization, request)) return { is: 'implicitly_denied', by: 'organization' };
  if (!(policies.scoped ?? []).every((policy) => allows([policy], request)))
    return { is: 'implicitly_denied', by: 'scoped' };
  const granted = resource ? resourceGrant(resource, request) : undefined;
  const sameAccount = request.resourceAccount === request.principal.account;
  if (sameAccount && granted === 'itself') return { is: 'allowed', by: kind };
  if ((!sameAccount || trust) && !granted) return { is: 'implicitly_denied', by: kind };

  const byResource = sameAccount && (granted === 'role' || granted === 'everyone');
  const bounded = !(sameAccount && granted === 'everyone');
  if (!byResource && !allows(identity, request)) return { is: 'implicitly_denied', by: 'identity' };
  if (bounded && boundary && !allows([boundary], request)) return { is: 'implicitly_denied', by: 'boundary' };
  if (session && !allows(session, request)) return { is: 'implicitly_denied', by: 'session' };
  return { is: 'allowed', by: byResource ? kind : 'identity' };
}

function explicitDeny(request: Request, policies: PoliciesInForce): Decision | undefined {
  const inForce = {
    organization: policies.organization,
    resource: policies.resource && [policies.resource],
    trust: policies.trust && [policies.trust],
    identity: policies.identity,
    boundary: policies.boundary && [policies.boundary],
    session: policies.session,
    scoped: policies.scoped,
  };
  for (const [by, list] of Object.entries(inForce) as [keyof typeof inForce, readonly Policy[] | undefined][])
    for (const statement of (list ?? []).flatMap((policy) => policy.statements))
      if (statement.effect === 'Deny' && applies(statement, request))
        return { is: 'explicitly_denied', by, ...(statement.sid ? { sid: statement.sid } : {}) };
  return undefined;
}

const allows = (policies: readonly Policy[], request: Request): boolean =>
  policies.some((policy) =>
    policy.statements.some((statement) => statement.effect === 'Allow' && applies(statement, request)),
  );

/** The way that gives most in which the resource policy allows the request to its principal. */
function resourceGrant(policy: Policy, request: Request): NamedAs | undefined {
  const ways = policy.statements
    .filter((statement) => statement.effect === 'Allow' && applies(statement, request))
    .map((statement) => namedAs(request.principal, statement.principals ?? []));
  return waysOfNaming.find((way) => ways.includes(way));
}

function applies(statement: Statement, request: Request): boolean {
  const { principal, action, resource, context } = request;
  const variables = statement.variables ? context : undefined;
  return (
    (statement.principals === undefined || namedAs(principal, statement.principals) !== undefined) &&
    selects(statement.actions, (pattern) => matchesAction(pattern, action)) &&
    selects(statement.resources, (pattern) => matchesArn(pattern, resource, variables)) &&
    conditionsHold(statement, context)
  );
}

/** `Not...` selects what no pattern matches, and nothing while a pattern cannot be resolved. */
function selects({ but, patterns }: Selection, match: (pattern: string) => boolean | undefined): boolean {
  const answers = patterns.map(match);
  return but ? answers.every((answer) => answer === false) : answers.includes(true);
}
