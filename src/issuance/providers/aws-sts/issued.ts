import type { AssumeRoleCommandOutput } from '@aws-sdk/client-sts';
import { Secret } from '../../../kernel/secret.js';
import type { Issued } from '../../provider.js';
import { nonsense } from './refusal.js';
import type { SessionHandle } from './session.js';

/** How far the clock of AWS and ours may lie apart: STS itself refuses a signature that is further off. */
const clockSkewMs = 300_000;

/** The session as the agent gets it, once it is the very one that was asked for; Fault `provider.nonsense` else. */
export function issuedFrom(
  answer: AssumeRoleCommandOutput,
  handle: SessionHandle,
  ttlSeconds: number,
  now: number,
): Issued {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !(Expiration instanceof Date))
    throw nonsense('the answer has no credentials in it');
  const expiresAt = Expiration.getTime();
  if (!(Math.abs(expiresAt - now - ttlSeconds * 1000) <= clockSkewMs))
    throw nonsense('the session ends at another time than was asked for');
  const expected = expectedArn(handle);
  if (answer.AssumedRoleUser?.Arn !== expected.arn)
    throw nonsense('the session is not the one that was asked for');
  if (handle.sourceIdentity !== undefined && answer.SourceIdentity !== handle.sourceIdentity)
    throw nonsense('the session does not carry the source identity that was asked for');
  return {
    secret: new Secret({
      AccessKeyId,
      SecretAccessKey,
      SessionToken,
      Expiration: Expiration.toISOString().replace('.000Z', 'Z'),
      AccountId: expected.account,
    }),
    expiresAt,
  };
}

/** `arn:aws:iam::1:role/path/name` becomes `arn:aws:sts::1:assumed-role/name/session`: the path goes. */
function expectedArn({ role, sessionName }: SessionHandle): { arn: string; account: string } {
  const [, partition = '', , , account = '', path = ''] = role.split(':');
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { arn: `arn:${partition}:sts::${account}:assumed-role/${name}/${sessionName}`, account };
}
