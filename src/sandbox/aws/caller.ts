import type { Principal } from './evaluator/principal.js';
import type { Policy } from './evaluator/policy.js';
import { AwsError } from './aws-error.js';
import { readSignature, type SignedRequest, signatureHolds, signedAt } from './sigv4.js';
import type { Key, ManagedPolicy, Session, User, World } from './world.js';

/** Who signed a request, and what bounds it. */
export interface Caller {
  readonly principal: Principal;
  /** `aws:userid`. */
  readonly userId: string;
  readonly identity: readonly Policy[];
  readonly boundary?: Policy;
  readonly sessionPolicies?: readonly Policy[];
  readonly scopeDownPolicies?: readonly Policy[];
  readonly session?: Session;
  readonly user?: User;
}

/** How a service words its refusals of a signature: code and HTTP status. */
interface Refusals {
  readonly missing: readonly [string, number];
  readonly unknownKey: readonly [string, number];
  readonly wrongToken: readonly [string, number];
  readonly expired: readonly [string, number];
  readonly skewed: readonly [string, number];
  readonly maximumSkewMs: number;
}

const queryRefusals: Refusals = {
  missing: ['MissingAuthenticationToken', 403],
  unknownKey: ['InvalidClientTokenId', 403],
  wrongToken: ['InvalidClientTokenId', 403],
  expired: ['ExpiredToken', 403],
  skewed: ['SignatureDoesNotMatch', 403],
  maximumSkewMs: 300_000,
};

const s3Refusals: Refusals = {
  missing: ['AccessDenied', 403],
  unknownKey: ['InvalidAccessKeyId', 403],
  wrongToken: ['InvalidToken', 400],
  expired: ['ExpiredToken', 400],
  skewed: ['RequestTimeTooSkewed', 403],
  maximumSkewMs: 900_000,
};

/** Proves the signature, the token and its time; throws AwsError as the service would. */
export function callerOf(
  request: SignedRequest,
  service: 'sts' | 'iam' | 's3',
  world: World,
  region: string,
  now: number,
  spreadMs: number,
): Caller {
  const claimed = readSignature(request.headers['authorization'] ?? '');
  const refusals = service === 's3' ? s3Refusals : queryRefusals;
  const refuse = ([code, status]: readonly [string, number], message: string) =>
    new AwsError(code, status, message);

  if (request.headers['authorization'] === undefined)
    throw refuse(refusals.missing, 'Request is missing Authentication Token');
  if (!claimed) throw new AwsError('IncompleteSignature', 400, 'Authorization header is not well-formed');
  const key = world.keys.get(claimed.accessKeyId);
  if (!key) throw refuse(refusals.unknownKey, 'The security token included in the request is invalid.');

  const session = 'session' in key.owner ? key.owner.session : undefined;
  if (request.headers['x-amz-security-token'] !== session?.token)
    throw refuse(refusals.wrongToken, 'The security token included in the request is invalid.');
  if (session && session.expiresAt <= now)
    throw refuse(refusals.expired, 'The security token included in the request is expired');

  const skewMs = Math.abs(signedAt(request) - now);
  if (!(skewMs <= refusals.maximumSkewMs))
    throw refuse(refusals.skewed, 'Signature not yet current or expired.');
  const regions = claimed.service === 'iam' ? [region, 'us-east-1'] : [region];
  if (!regions.includes(claimed.region) || !signatureHolds(request, claimed, key.secret))
    throw new AwsError(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided.',
    );
  return callerOfKey(key, now, spreadMs);
}

function callerOfKey({ owner }: Key, now: number, spreadMs: number): Caller {
  if ('user' in owner) {
    const { user } = owner;
    return {
      principal: { arn: user.arn, account: user.account },
      userId: user.id,
      identity: user.policies,
      user,
    };
  }
  const { session } = owner;
  const { role } = session;
  const seen = ({ versions, current }: ManagedPolicy) => versions.get(current.seen(now, spreadMs))!;
  return {
    principal: { arn: session.arn, account: role.account, roleArn: role.arn },
    userId: `${role.id}:${session.name}`,
    identity: [...role.inline.seen(now, spreadMs).values(), ...role.attached.map(seen)].map(
      ({ policy }) => policy,
    ),
    ...(role.boundary ? { boundary: seen(role.boundary).policy } : {}),
    ...(session.policies ? { sessionPolicies: session.policies } : {}),
    scopeDownPolicies: session.scopedDown,
    session,
  };
}
