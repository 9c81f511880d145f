import { type Clock, systemClock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import { defineProvider, type Order, type Provider } from '../../provider.js';
import { openSts } from './client.js';
import { issuedFrom } from './issued.js';
import { nonsense } from './refusal.js';
import { type AwsStsScope, filledScope, scope } from './scope.js';
import { planSession, tagsOf } from './session.js';
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
  clock: Clock = systemClock,
): Provider<AwsStsScope> {
  const sts = openSts(settings);
  const maximumTtlSeconds = settings.maximumTtl ?? (settings.via ? longestChainedSeconds : longestSeconds);

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
    // AWS has no call that ends a session; denying it by policy is not built yet.
    effect: () => 'expires_only',
    plan: (order) => planSession(order, filledScope(order.scope), settings),
    async issue(order) {
      mustBeWithinTtl(order);
      const { policyText, ...entry } = filledScope(order.scope);
      const handle = planSession(order, entry, settings);
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
    revoke: () => Promise.resolve({ is: 'expires' }),
    async check() {
      const { Arn } = await sts.callerIdentity();
      if (!Arn) throw nonsense('the answer names nobody');
    },
    close() {
      sts.close();
      return Promise.resolve();
    },
  };
}

export const awsSts = defineProvider<AwsStsSettings, AwsStsScope>({
  kind: 'aws-sts',
  settings,
  scope,
  open: (name, parsed) => openAwsSts(name, parsed),
});
