import { randomBytes } from 'node:crypto';
import { parseOrRefuse } from './assume-role-request.js';
import { isoSeconds } from './authorize.js';
import { AwsError } from './aws-error.js';
import type { Call } from './call.js';
import type { Policy } from './evaluator/policy.js';
import { mustSatisfy, type Parameters } from './query-api.js';
import { addKey } from './session-key.js';
import type { Session } from './world.js';
import type { XmlElements } from './xml.js';

const mostLayers = 3;
const longestSeconds = 129_600;
const largestToken = 4096;

/**
 * A narrower session of the same identity (STS API reference, GetScopedCredentials): for callers with temporary
 * credentials only, within what is left of their life, and held to every policy on the way.
 */
export function getScopedCredentials(parameters: Parameters, call: Call): XmlElements {
  const { world, now } = call;
  if (!world.slicing.there)
    throw new AwsError(
      'InvalidAction',
      400,
      'Could not find operation GetScopedCredentials for this version',
    );
  const asked = read(parameters);
  const parent = mayBeSliced(call);
  const scopedDown = layersOf(parent, asked.policy);
  const issuedAt = Math.floor(now / 1000) * 1000;
  const slice: Session = {
    ...parent,
    token: randomBytes(256).toString('base64'),
    issuedAt: world.slicing.issueTime === 'own' ? issuedAt : parent.issuedAt,
    expiresAt: endOf(parent, asked.seconds, issuedAt),
    scopedDown,
  };
  const key = addKey(world, slice, now);
  return {
    Credentials: {
      AccessKeyId: key.id,
      SecretAccessKey: key.secret,
      SessionToken: slice.token,
      Expiration: isoSeconds(slice.expiresAt),
    },
    SessionInfo: { ScopedSessionId: `${slice.role.id}:${slice.name}`, Arn: slice.arn },
    SourceIdentity: slice.sourceIdentity,
    ScopedPoliciesCount: scopedDown.length,
    SessionTokenSize: slice.token.length,
    SessionTokenUtilization: Math.ceil((slice.token.length * 100) / largestToken),
  };
}

function read(parameters: Parameters): { policy: Policy | undefined; seconds: number | undefined } {
  const text = parameters.text('Policy');
  const seconds = parameters.integer('DurationSeconds');
  if (text === undefined && seconds === undefined)
    throw invalid('at least one of Policy and DurationSeconds has to be given');
  if (text !== undefined) mustSatisfy('policy', text, /^[\t\n\r\u0020-\u00FF]+$/, 1, 2048);
  if (seconds !== undefined && (seconds < 1 || seconds > longestSeconds))
    throw invalid(`Value '${seconds}' at 'durationSeconds': 1 to ${longestSeconds}`);
  const size = parameters.integer('MinimumSessionTokenSize') ?? 0;
  if (size < 0 || size > largestToken) throw invalid(`'minimumSessionTokenSize': 0 to ${largestToken}`);
  mustSatisfy(
    'scopedSessionDescription',
    parameters.text('ScopedSessionDescription') ?? 'none',
    /^[^]*$/,
    0,
    256,
  );
  return { policy: text === undefined ? undefined : parseOrRefuse(text), seconds };
}

function mayBeSliced({ caller, world, authorize }: Call): Session {
  const { session } = caller;
  if (!session)
    throw new AwsError('AccessDenied', 403, 'Cannot call GetScopedCredentials with IAM user credentials');
  authorize({
    action: 'sts:GetScopedCredentials',
    resource: '*',
    resourceAccount: session.role.account,
    unlessDenied: !world.slicing.needsAllow,
  });
  return session;
}

function layersOf(parent: Session, policy: Policy | undefined): readonly Policy[] {
  if (policy === undefined) return parent.scopedDown;
  if (parent.scopedDown.length < mostLayers) return [...parent.scopedDown, policy];
  throw new AwsError('AccessDenied', 403, `The session already has ${mostLayers} scope-down policies`);
}

function endOf({ expiresAt }: Session, seconds: number | undefined, issuedAt: number): number {
  if (seconds === undefined) return expiresAt;
  const end = issuedAt + seconds * 1000;
  if (end <= expiresAt) return end;
  throw new AwsError(
    'InsufficientSessionLifetime',
    400,
    'The requested DurationSeconds exceeds the remaining lifetime of the calling session.',
  );
}

const invalid = (what: string) =>
  new AwsError('ValidationError', 400, `1 validation error detected: ${what}`);
