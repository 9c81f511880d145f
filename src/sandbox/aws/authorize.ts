import { AwsError } from './aws-error.js';
import type { Caller } from './caller.js';
import { type Decision, evaluate } from './evaluator/evaluate.js';
import type { Policy } from './evaluator/policy.js';

/** What a caller wants to do. */
export interface Attempt {
  /** `service:Action`. */
  readonly action: string;
  readonly resource: string;
  readonly resourceAccount: string;
  readonly resourcePolicy?: Policy;
  readonly trustPolicy?: Policy;
  /** Is done unless a policy denies it; no Allow is asked for. */
  readonly unlessDenied?: boolean;
  /** Context keys that only this action has. */
  readonly context?: Readonly<Record<string, string | undefined>>;
}

/** Throws AccessDenied, in the words of AWS, unless the policies in force allow the attempt. */
export function authorize(caller: Caller, attempt: Attempt, region: string, now: number): void {
  const decision = evaluate(
    {
      principal: caller.principal,
      action: attempt.action,
      resource: attempt.resource,
      resourceAccount: attempt.resourceAccount,
      context: contextOf(caller, attempt, region, now),
    },
    {
      identity: caller.identity,
      ...(caller.boundary ? { boundary: caller.boundary } : {}),
      ...(caller.sessionPolicies ? { session: caller.sessionPolicies } : {}),
      ...(caller.scopeDownPolicies ? { scoped: caller.scopeDownPolicies } : {}),
      ...(attempt.resourcePolicy ? { resource: attempt.resourcePolicy } : {}),
      ...(attempt.trustPolicy ? { trust: attempt.trustPolicy } : {}),
    },
  );
  if (attempt.unlessDenied && decision.is === 'implicitly_denied') return;
  if (decision.is !== 'allowed')
    throw new AwsError('AccessDenied', 403, messageOf(caller, attempt, decision));
}

function contextOf(
  { principal, userId, session, user }: Caller,
  attempt: Attempt,
  region: string,
  now: number,
): ReadonlyMap<string, string> {
  const tags = new Map([...(session?.role.tags ?? []), ...(session?.tags ?? [])]);
  const context: Record<string, string | undefined> = {
    'aws:userid': userId,
    'aws:username': user?.name,
    'aws:PrincipalArn': principal.roleArn ?? principal.arn,
    'aws:PrincipalAccount': principal.account,
    'aws:PrincipalType': session ? 'AssumedRole' : 'User',
    'aws:TokenIssueTime': session && isoSeconds(session.issuedAt),
    'aws:SourceIdentity': session?.sourceIdentity,
    'aws:CurrentTime': isoSeconds(now),
    'aws:EpochTime': String(Math.floor(now / 1000)),
    'aws:SecureTransport': 'false',
    'aws:RequestedRegion': region,
    ...Object.fromEntries([...tags].map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
    ...attempt.context,
  };
  return new Map(
    Object.entries(context).flatMap(([key, value]) =>
      value === undefined ? [] : [[key.toLowerCase(), value]],
    ),
  );
}

/** 2026-11-22T10:00:00Z */
export const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

const kinds: Record<Decision['by'], string> = {
  identity: 'identity-based policy',
  session: 'session policy',
  scoped: 'session policy',
  boundary: 'permissions boundary',
  resource: 'resource-based policy',
  trust: 'role trust policy',
  organization: 'service control policy',
  service: 'policy',
};

/** The texts that the IAM User Guide lists under "Troubleshoot access denied error messages". */
function messageOf({ principal }: Caller, { action, resource }: Attempt, { is, by }: Decision): string {
  const why =
    is === 'explicitly_denied'
      ? `with an explicit deny in a${by === 'identity' ? 'n' : ''} ${kinds[by]}`
      : `because no ${kinds[by]} allows the ${action} action`;
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
}
