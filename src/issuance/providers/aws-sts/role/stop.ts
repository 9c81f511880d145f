import type { CatalogEntry } from '../../../../policy/catalog.js';
import { openSts } from '../client.js';
import { openIam, type IamCalls } from '../cut/iam.js';
import type { Subject } from '../cut/document.js';
import { refusedBecause } from '../refusal.js';
import type { AwsStsScope } from '../scope.js';
import type { AwsStsSettings } from '../settings.js';
import { iamConfig } from './iam-config.js';
import { rolesOf } from './plan.js';

/** An inline policy that denies every session of the broker on a role that was issued before a moment. */
export interface Stop {
  readonly role: string;
  readonly policyName: string;
  readonly document: string;
}

/**
 * What stops a role: the policy for it, and one for each role that its sessions may go on to, where they are known by
 * their source identity. AWS's own `AWSRevokeOlderSessions`, of the broker's sessions alone. Pure.
 */
export function stopsOf(
  role: string,
  entries: readonly CatalogEntry[],
  { sessionPrefix }: Pick<AwsStsSettings, 'sessionPrefix'>,
  before: Date,
): Stop[] {
  const on = entries.filter(({ mint }) => rolesOf(mint).includes(role));
  const chained = new Set(on.flatMap(({ mint }) => (mint as AwsStsScope).chainedRoles));
  const stop = (of: string, subject: Subject, kind: string): Stop => ({
    role: of,
    policyName: `protem-${sessionPrefix}-${kind}`,
    document: documentOf(subject, sessionPrefix, before),
  });
  return [
    stop(role, 'aws:userid', 'stop'),
    ...[...chained].map((hop) => stop(hop, 'aws:SourceIdentity', 'stop-chained')),
  ];
}

function documentOf(subject: Subject, prefix: string, before: Date): string {
  const name = `${subject === 'aws:userid' ? '*:' : ''}${prefix}.*`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Stop',
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: {
          StringLike: { [subject]: [name] },
          DateLessThan: { 'aws:TokenIssueTime': before.toISOString().replace(/\.\d{3}Z$/, 'Z') },
        },
      },
    ],
  });
}

/** Writes them, as whoever runs it. Throws the Faults of IAM; what has been written until then stays. */
export const writeStops = (settings: AwsStsSettings, stops: readonly Stop[]): Promise<void> =>
  each(settings, stops, (iam, role, { policyName, document }) =>
    iam.putRolePolicy(role, policyName, document),
  );

/** Takes them away again; what is gone already is no failure. */
export const liftStops = (settings: AwsStsSettings, stops: readonly Stop[]): Promise<void> =>
  each(settings, stops, (iam, role, { policyName }) => iam.deleteRolePolicy(role, policyName));

async function each(
  settings: AwsStsSettings,
  stops: readonly Stop[],
  act: (iam: IamCalls, roleName: string, stop: Stop) => Promise<void>,
): Promise<void> {
  const sts = openSts(settings);
  const iam = openIam(iamConfig(settings, sts.credentials), settings.timeout * 1000);
  try {
    for (const stop of stops) {
      const name = stop.role.slice(stop.role.lastIndexOf('/') + 1);
      const found = await iam.roleArn(name);
      if (found !== stop.role)
        throw refusedBecause(`IAM here knows ${found ?? 'no role'}, and not ${stop.role}`);
      await act(iam, name, stop);
    }
  } finally {
    iam.close();
    sts.close();
  }
}
