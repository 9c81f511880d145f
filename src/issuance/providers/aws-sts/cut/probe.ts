import { randomBytes } from 'node:crypto';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandOutput,
  STSClient,
  type STSClientConfig,
} from '@aws-sdk/client-sts';
import type { Fault } from '../../../../kernel/fault.js';
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

/** What it asks for, and is refused before and after, in other words. */
const nothing = policyOf('sts:GetCallerIdentity', '*');

interface ProbedRole {
  readonly arn: string;
  readonly prefix: string;
  readonly externalId: string | undefined;
}

/**
 * Opens one on the role. Its credentials stay in this process. It may do nothing, and asks for a session of the same
 * role; `sts:GetCallerIdentity` would not do, as that cannot be denied. Throws a Fault when the role does not let it be.
 */
export async function openProbe(
  sts: StsCalls,
  config: STSClientConfig,
  role: ProbedRole,
  timeoutMs: number,
): Promise<Probe> {
  const name = nextName();
  const made = await sts.assumeRole(sessionOn(role, name, nothing));
  return probeWith(clientOf(config, made), name, role, timeoutMs);
}

/**
 * Opens one that goes the way of those it is to be denied with: from a role of the catalog on to the role `onto`, with a
 * source identity of its own, which the document there names.
 */
export async function openChainedProbe(
  sts: StsCalls,
  config: STSClientConfig,
  role: ProbedRole & { readonly onto: string },
  timeoutMs: number,
): Promise<Probe> {
  const name = nextName();
  const goesOn = policyOf(['sts:AssumeRole', 'sts:SetSourceIdentity'], role.onto);
  const first = await sts.assumeRole({
    ...sessionOn(role, name, goesOn),
    SourceIdentity: `${role.prefix}.${name}`,
  });
  const onto = { arn: role.onto, prefix: role.prefix, externalId: undefined };
  const going = clientOf(config, first);
  try {
    const on = new AssumeRoleCommand(sessionOn(onto, name, nothing));
    const made = await inTime(timeoutMs, (options) => going.send(on, options));
    return probeWith(clientOf(config, made), name, onto, timeoutMs);
  } finally {
    going.destroy();
  }
}

const nextName = () => `${mark}.${randomBytes(4).toString('hex')}`;

function policyOf(Action: string | readonly string[], Resource: string): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] });
}

const sessionOn = ({ arn, prefix, externalId }: ProbedRole, name: string, Policy: string) => ({
  RoleArn: arn,
  RoleSessionName: `${prefix}.${name}`,
  DurationSeconds: shortestSeconds,
  Policy,
  ...(externalId === undefined ? {} : { ExternalId: externalId }),
});

const clientOf = (config: STSClientConfig, { Credentials: made }: AssumeRoleCommandOutput): STSClient =>
  new STSClient({
    ...config,
    maxAttempts: 1,
    credentials: {
      accessKeyId: made?.AccessKeyId ?? '',
      secretAccessKey: made?.SecretAccessKey ?? '',
      sessionToken: made?.SessionToken ?? '',
    },
  });

function probeWith(client: STSClient, name: string, role: ProbedRole, timeoutMs: number): Probe {
  const again = new AssumeRoleCommand(sessionOn({ ...role, externalId: undefined }, name, nothing));
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
