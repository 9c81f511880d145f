import { randomBytes } from 'node:crypto';
import { AssumeRoleCommand, STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { Fault } from '../../../../kernel/fault.js';
import { inTime, type StsCalls } from '../client.js';
import { shortestSeconds } from '../settings.js';

/** A session of the broker's own that is denied together with others, so that it can be seen when that is in force. */
export interface Probe {
  /** What follows the prefix in its session name. */
  readonly name: string;
  /** Whether AWS refuses it by an explicit deny now; undefined when its answer does not tell. */
  denied(): Promise<boolean | undefined>;
  close(): void;
}

/** No task has this mark: theirs are letters and digits. */
const mark = '-probe-';

/** It may do nothing, and does nothing: what it asks for is refused before and after, in other words. */
const nothing = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*' }],
});

/**
 * Opens one on the role. Its credentials stay in this process. It asks for a session of the same role, and may not have
 * one; `sts:GetCallerIdentity` would not do, as that cannot be denied. Throws a Fault when the role does not let it be.
 */
export async function openProbe(
  sts: StsCalls,
  config: STSClientConfig,
  role: { readonly arn: string; readonly prefix: string; readonly externalId: string | undefined },
  timeoutMs: number,
): Promise<Probe> {
  const name = `${mark}.${randomBytes(4).toString('hex')}`;
  const { Credentials: made } = await sts.assumeRole({
    RoleArn: role.arn,
    RoleSessionName: `${role.prefix}.${name}`,
    DurationSeconds: shortestSeconds,
    Policy: nothing,
    ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
  });
  const client = new STSClient({
    ...config,
    maxAttempts: 1,
    credentials: {
      accessKeyId: made?.AccessKeyId ?? '',
      secretAccessKey: made?.SecretAccessKey ?? '',
      sessionToken: made?.SessionToken ?? '',
    },
  });
  const again = new AssumeRoleCommand({
    RoleArn: role.arn,
    RoleSessionName: `${role.prefix}.${name}`,
    DurationSeconds: shortestSeconds,
    Policy: nothing,
  });
  return {
    name,
    async denied() {
      try {
        await inTime(timeoutMs, (options) => client.send(again, options));
        return undefined; // the role lets its own sessions assume it: see README.md
      } catch (error) {
        const { code, reason = '' } = error as Fault;
        if (code !== 'provider.refused' || !reason.startsWith('AccessDenied')) return undefined;
        return reason.includes('explicit deny');
      }
    },
    close: () => client.destroy(),
  };
}
