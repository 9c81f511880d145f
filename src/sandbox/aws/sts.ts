import { randomBytes } from 'node:crypto';
import { readAssumeRole } from './assume-role-request.js';
import { isoSeconds } from './authorize.js';
import { AwsError } from './aws-error.js';
import type { Call } from './call.js';
import { type Parameters, type QueryService } from './query-api.js';
import { getScopedCredentials } from './scoped-credentials.js';
import { addKey } from './session-key.js';
import { type Role, type Session } from './world.js';
import type { XmlElements } from './xml.js';

export const sts: QueryService = {
  version: '2011-06-15',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  actions: {
    AssumeRole: assumeRole,
    GetCallerIdentity: getCallerIdentity,
    GetScopedCredentials: getScopedCredentials,
  },
};

/** The longest session that a session may open: "role chaining limits ... to a maximum of one hour". */
const longestChainedSeconds = 3600;

type AssumeRole = ReturnType<typeof readAssumeRole>;

function assumeRole(parameters: Parameters, call: Call): XmlElements {
  const asked = readAssumeRole(parameters, call.world);
  const role = call.world.roles.get(asked.roleArn);
  const inherited = call.caller.session;
  const sourceIdentity = inherited?.sourceIdentity ?? asked.sourceIdentity;
  if (inherited?.sourceIdentity !== undefined && asked.sourceIdentity !== undefined)
    if (inherited.sourceIdentity !== asked.sourceIdentity)
      throw new AwsError('AccessDenied', 403, 'The source identity of a session cannot be changed.');
  mayAssume(role, asked, sourceIdentity, call);
  checkDuration(role, asked, inherited !== undefined);

  const issuedAt = Math.floor(call.now / 1000) * 1000;
  const session: Session = {
    role,
    name: asked.sessionName,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${asked.sessionName}`,
    token: randomBytes(256).toString('base64'),
    issuedAt,
    expiresAt: issuedAt + asked.durationSeconds * 1000,
    sourceIdentity,
    ...tagsOf(asked, inherited),
    policies: asked.policies,
    scopedDown: [],
  };
  return answerOf(session, asked, addKey(call.world, session, call.now));
}

/** Trust policy and identity policies have to agree, for the session as for its tags and its source identity. */
function mayAssume(
  role: Role | undefined,
  asked: AssumeRole,
  sourceIdentity: string | undefined,
  { authorize, caller }: Call,
): asserts role is Role {
  const actions = [
    'sts:AssumeRole',
    ...(asked.tags.size > 0 ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const context = {
    'sts:RoleSessionName': asked.sessionName,
    'sts:SourceIdentity': sourceIdentity,
    'sts:ExternalId': asked.externalId,
    ...Object.fromEntries([...asked.tags].map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  };
  if (!role)
    throw new AwsError(
      'AccessDenied',
      403,
      `User: ${caller.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${asked.roleArn}`,
    );
  for (const action of actions)
    authorize({
      action,
      resource: role.arn,
      resourceAccount: role.account,
      trustPolicy: role.trust.policy,
      context,
    });
}

function checkDuration(role: Role, { durationSeconds }: AssumeRole, chained: boolean): void {
  if (chained && durationSeconds > longestChainedSeconds)
    throw new AwsError(
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  if (durationSeconds > role.maxSessionSeconds)
    throw new AwsError(
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
}

/** Transitive tags go on into the next session and cannot be overridden there. */
function tagsOf(asked: AssumeRole, inherited: Session | undefined): Pick<Session, 'tags' | 'transitiveTags'> {
  const kept = [...(inherited?.transitiveTags ?? [])];
  const overridden = kept.find((key) => asked.tags.has(key));
  if (overridden !== undefined)
    throw new AwsError('AccessDenied', 403, `The tag ${overridden} is transitive and cannot be overridden.`);
  return {
    tags: new Map([...kept.map((key) => [key, inherited?.tags.get(key) ?? ''] as const), ...asked.tags]),
    transitiveTags: new Set([...kept, ...asked.transitiveTagKeys]),
  };
}

function answerOf(session: Session, asked: AssumeRole, key: { id: string; secret: string }): XmlElements {
  return {
    Credentials: {
      AccessKeyId: key.id,
      SecretAccessKey: key.secret,
      SessionToken: session.token,
      Expiration: isoSeconds(session.expiresAt),
    },
    AssumedRoleUser: { AssumedRoleId: `${session.role.id}:${session.name}`, Arn: session.arn },
    SourceIdentity: session.sourceIdentity,
    PackedPolicySize: asked.packedPolicyPercent,
  };
}

function getCallerIdentity(_parameters: Parameters, { caller }: Call): XmlElements {
  return {
    UserId: caller.userId,
    Account: caller.principal.account,
    Arn: caller.principal.arn,
  };
}
