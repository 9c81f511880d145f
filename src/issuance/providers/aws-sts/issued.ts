import type {
  AssumeRoleCommandOutput,
  Credentials,
  GetScopedCredentialsCommandOutput,
} from '@aws-sdk/client-sts';
import { Secret } from '../../../kernel/secret.js';
import type { Issued } from '../../provider.js';
import type { SessionKeys } from './client.js';
import { nonsense } from './refusal.js';
import type { SessionHandle } from './session.js';

/** How far the clock of AWS and ours may lie apart: STS itself refuses a signature that is further off. */
const clockSkewMs = 300_000;

/** The keys of a session, and its end in milliseconds since the epoch. */
export interface Session {
  readonly keys: SessionKeys;
  readonly expiresAt: number;
}

/** The session once it is the very one that was asked for; Fault `provider.nonsense` else. */
export function sessionFrom(
  answer: AssumeRoleCommandOutput,
  handle: SessionHandle,
  seconds: number,
  now: number,
): Session {
  return proven(answer.Credentials, answer.AssumedRoleUser?.Arn, answer.SourceIdentity, handle, seconds, now);
}

/**
 * The slice, once it is one of the session that the handle names; Fault `provider.nonsense` else. `layers`: how many
 * policies have been laid on it by now. AWS documents the count, and does not say that it is always there.
 */
export function sliceFrom(
  answer: GetScopedCredentialsCommandOutput,
  handle: SessionHandle,
  layers: number,
  seconds: number,
  now: number,
): Session {
  const { Credentials: made, SessionInfo, SourceIdentity, ScopedPoliciesCount: laid } = answer;
  if (laid !== undefined && laid < layers) throw nonsense('the slice carries fewer policies than were given');
  return proven(made, SessionInfo?.Arn, SourceIdentity, handle, seconds, now);
}

function proven(
  made: Credentials | undefined,
  arn: string | undefined,
  sourceIdentity: string | undefined,
  handle: SessionHandle,
  seconds: number,
  now: number,
): Session {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = made ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !(Expiration instanceof Date))
    throw nonsense('the answer has no credentials in it');
  const expiresAt = Expiration.getTime();
  if (!(Math.abs(expiresAt - now - seconds * 1000) <= clockSkewMs))
    throw nonsense('the session ends at another time than was asked for');
  if (arn !== arnOf(handle)) throw nonsense('the session is not the one that was asked for');
  if (handle.sourceIdentity !== undefined && sourceIdentity !== handle.sourceIdentity)
    throw nonsense('the session does not carry the source identity that was asked for');
  return {
    keys: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    expiresAt,
  };
}

/** As the agent gets it: the names are those of the SDKs. */
export const issuedFrom = ({ keys, expiresAt }: Session, { role }: SessionHandle): Issued => ({
  secret: new Secret({
    AccessKeyId: keys.accessKeyId,
    SecretAccessKey: keys.secretAccessKey,
    SessionToken: keys.sessionToken,
    Expiration: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
    AccountId: role.split(':')[4] ?? '',
  }),
  expiresAt,
});

/** `arn:aws:iam::1:role/path/name` becomes `arn:aws:sts::1:assumed-role/name/session`: the path goes. */
function arnOf({ role, sessionName }: SessionHandle): string {
  const [, partition = '', , , account = '', path = ''] = role.split(':');
  const name = path.slice(path.lastIndexOf('/') + 1);
  return `arn:${partition}:sts::${account}:assumed-role/${name}/${sessionName}`;
}
