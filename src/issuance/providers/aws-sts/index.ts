import { type Clock, systemClock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import { defineProvider, type Order, type Provider } from '../../provider.js';
import type { ProviderWorld } from '../../world.js';
import { openSts } from './client.js';
import { openCut } from './cut/cut.js';
import { openGroups } from './cut/groups.js';
import { openRoom } from './cut/room.js';
import { issuedFrom } from './issued.js';
import { nonsense } from './refusal.js';
import { type AwsStsScope, filledScope, scope } from './scope.js';
import { planSession, type SessionHandle, tagsOf } from './session.js';
import {
  type AwsStsSettings,
  longestChainedSeconds,
  longestSeconds,
  settings,
  shortestSeconds,
} from './settings.js';

/** Sessions of AWS STS. README.md says what it needs there, and what revoking does not do. */
export function openAwsSts(
  name: string,
  settings: AwsStsSettings,
  world?: ProviderWorld,
  clock: Clock = systemClock,
): Provider<AwsStsScope> {
  const sts = openSts(settings);
  const maximumTtlSeconds = settings.maximumTtl ?? (settings.via ? longestChainedSeconds : longestSeconds);
  const groups = world && openGroups(sts, settings, world, maximumTtlSeconds);
  const cut = groups && openCut(groups, world);
  const room = world && openRoom(world);

  function mustBeWithinTtl({ ttlSeconds }: Order): void {
    if (ttlSeconds < shortestSeconds)
      throw new Fault('ttl.below_floor', 'AWS STS mints nothing shorter than 15 minutes.');
    if (ttlSeconds > maximumTtlSeconds)
      throw new Fault('ttl.invalid', `This provider mints ${maximumTtlSeconds} seconds at most.`);
  }

  return {
    name,
    kind: 'aws-sts',
    minimumTtlSeconds: shortestSeconds,
    maximumTtlSeconds,
    // AWS has no call that ends a session: it can be denied, or it ends by itself.
    effect: ({ cutOff }) => (cut && cutOff.includes('deny') ? 'denied_by_policy' : 'expires_only'),
    plan(order) {
      const entry = filledScope(order.scope);
      const roles = [entry.role, ...entry.roles];
      const role =
        room && groups && entry.cutOff.includes('deny')
          ? room.choose(roles, (each) => groups.groupOf(each))
          : entry.role;
      return planSession(order, { ...entry, role }, settings);
    },
    ...(groups && { enrolment: (handle) => groups.enrolment(handle) }),
    async issue(order, planned) {
      mustBeWithinTtl(order);
      const { policyText, ...entry } = filledScope(order.scope);
      const handle = planned as SessionHandle;
      const answer = await sts.assumeRole({
        RoleArn: handle.role,
        RoleSessionName: handle.sessionName,
        DurationSeconds: order.ttlSeconds,
        Policy: policyText,
        ...(entry.policyArns.length > 0 ? { PolicyArns: entry.policyArns.map((arn) => ({ arn })) } : {}),
        ...(entry.tags ? { Tags: tagsOf(order) } : {}),
        ...(handle.sourceIdentity === undefined ? {} : { SourceIdentity: handle.sourceIdentity }),
        ...(settings.externalId === undefined ? {} : { ExternalId: settings.externalId }),
      });
      return issuedFrom(answer, handle, order.ttlSeconds, clock());
    },
    async revoke(handle, ending) {
      const enrolment = groups?.enrolment(handle);
      return cut && enrolment ? cut.revoke(handle, enrolment, ending) : { is: 'expires' };
    },
    ...(cut && { upkeep: () => cut.upkeep() }),
    async check() {
      const { Arn } = await sts.callerIdentity();
      if (!Arn) throw nonsense('the answer names nobody');
    },
    close() {
      cut?.close();
      sts.close();
      return Promise.resolve();
    },
  };
}

export const awsSts = defineProvider<AwsStsSettings, AwsStsScope>({
  kind: 'aws-sts',
  settings,
  scope,
  open: (name, parsed, world) => openAwsSts(name, parsed, world),
});
