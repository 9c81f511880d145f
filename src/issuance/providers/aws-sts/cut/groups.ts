import type { Clock } from '../../../../kernel/clock.js';
import type { Handle } from '../../../provider.js';
import type { Enrolment } from '../../../world.js';
import { clientConfig, credentialsFrom, type StsCalls } from '../client.js';
import { type AwsStsSettings, isLoopback, longestChainedSeconds } from '../settings.js';
import { boundaryPlace } from './boundary-place.js';
import { type IamCalls, openIam } from './iam.js';
import { openChainedProbe, openProbe } from './probe.js';
import { rolePlace } from './role-place.js';
import type { Group } from './writer.js';

/** How groups are called, before the ARN of what their documents stand in. */
const kinds = ['role', 'boundary', 'chained'] as const;
type Kind = (typeof kinds)[number];

export interface Groups {
  /** First part of every session name. */
  readonly prefix: string;
  /** Where a session of this handle is cut off; undefined when it is not. */
  enrolment(handle: Handle): Enrolment | undefined;
  /** Group of the sessions of a role. */
  groupOf(role: string): string;
  /** Notes a role of a group, or one that sessions go on from, for its probe. */
  seen(handle: Handle): void;
  group(name: string): Group;
  close(): void;
}

/** The groups of a provider: one per role, or per boundary, and one per role that sessions go on to. */
export function openGroups(
  sts: StsCalls,
  settings: AwsStsSettings,
  world: { readonly clock: Clock; readonly mintTimeoutMs: number },
  maximumTtlSeconds: number,
): Groups {
  const prefix = settings.sessionPrefix;
  const timeoutMs = settings.timeout * 1000;
  const effectiveAfterMs = settings.effectiveAfter * 1000;
  const longestSeconds = Math.max(maximumTtlSeconds, longestChainedSeconds);
  const clients = new Map<string, IamCalls>();
  const roles = new Map<string, string>();

  function iamOf(account: string): IamCalls {
    let iam = clients.get(account);
    if (!iam) clients.set(account, (iam = openIam(iamConfig(account), timeoutMs)));
    return iam;
  }

  function iamConfig(account: string) {
    const { endpoint: _sts, ...config } = clientConfig(settings);
    const local = settings.endpoint !== undefined && isLoopback(settings.endpoint);
    const endpoint = settings.iamEndpoint ?? (local ? settings.endpoint : undefined);
    const revoker = settings.revokers[account];
    return {
      ...config,
      ...(endpoint === undefined ? {} : { endpoint }),
      credentials: revoker ? () => assumed(revoker) : sts.credentials,
    };
  }

  async function assumed({ role, externalId }: { role: string; externalId?: string | undefined }) {
    const answer = await sts.assumeRole({
      RoleArn: role,
      RoleSessionName: 'protem-revoker',
      DurationSeconds: longestChainedSeconds,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    });
    return credentialsFrom(answer, 'the revoker');
  }

  const groupOf = (role: string) =>
    settings.boundary === undefined ? `role:${role}` : `boundary:${settings.boundary}`;
  const groupsOf = ({ ttlSeconds, role, chainedRoles }: Handle): string[] =>
    ttlSeconds === undefined
      ? []
      : [
          groupOf(String(role)),
          ...String(chainedRoles ?? '')
            .split(' ')
            .filter((arn) => arn !== '')
            .map((arn) => `chained:${arn}`),
        ];

  return {
    prefix,
    groupOf,

    enrolment(handle) {
      const groups = groupsOf(handle);
      if (groups.length === 0) return undefined;
      return { groups, keepSeconds: longestSeconds + settings.effectiveAfter + forgetMarginSeconds };
    },

    seen(handle) {
      for (const group of groupsOf(handle)) roles.set(group, String(handle['role']));
    },

    group(name) {
      const kind = name.slice(0, name.indexOf(':')) as Kind;
      const arn = name.slice(kind.length + 1);
      const iam = iamOf(arn.split(':')[4] ?? '');
      const subject = kind === 'chained' ? 'aws:SourceIdentity' : 'aws:userid';
      const policyPrefix = `protem-${prefix}-${kind === 'chained' ? 'chained' : 'cut'}-`;
      const probeRole = () => (kind === 'role' ? arn : roles.get(name));
      const probed = async () => {
        const role = probeRole();
        if (role === undefined) return undefined;
        const { externalId } = settings;
        const from = { arn: role, prefix, externalId };
        return kind === 'chained'
          ? openChainedProbe(sts, clientConfig(settings), { ...from, onto: arn }, timeoutMs)
          : openProbe(sts, clientConfig(settings), from, timeoutMs);
      };
      return {
        name,
        place:
          kind === 'boundary'
            ? boundaryPlace(iam, world.clock, arn)
            : rolePlace(iam, world.clock, arn, policyPrefix),
        document: { prefix, longestSeconds, subject, boundary: kind === 'boundary' },
        rows: { subject, mintTimeoutMs: world.mintTimeoutMs, effectiveAfterMs },
        openProbe: probed,
      };
    },

    close() {
      for (const iam of clients.values()) iam.close();
    },
  };
}

/** How much longer than the document needs it a record is kept. */
const forgetMarginSeconds = 600;
