import { type Clock, systemClock } from '../../../kernel/clock.js';
import { Fault } from '../../../kernel/fault.js';
import { defineProvider, type Order, type Provider, type RevocationEffect } from '../../provider.js';
import type { ProviderWorld } from '../../world.js';
import { watchAvailability, type Warn } from './availability.js';
import { openSts } from './client.js';
import { openCut } from './cut/cut.js';
import { openGroups } from './cut/groups.js';
import { openRoom } from './cut/room.js';
import { issuedFrom } from './issued.js';
import { nonsense } from './refusal.js';
import { type AwsStsScope, filledScope, isSliced, scope } from './scope.js';
import { planSession, type SessionHandle, wholeHandle } from './session.js';
import {
  type AwsStsSettings,
  longestChainedSeconds,
  longestSeconds,
  settings,
  shortestSeconds,
  shortestSliceSeconds,
} from './settings.js';
import { openSlices } from './slices.js';
import { problemsTogether } from './together.js';
import { openWholeSession } from './whole-session.js';
import { checkWithin } from './within.js';

/** Sessions of AWS STS, whole or in slices. README.md says what it needs there, and what revoking does not do. */
export function openAwsSts(
  name: string,
  settings: AwsStsSettings,
  world?: ProviderWorld,
  clock: Clock = systemClock,
  warn: Warn = (facts, message) => world?.log.warn(facts, message),
): Provider<AwsStsScope> {
  const sts = openSts(settings);
  const opening = { sts, settings, clock };
  const maximumTtlSeconds = settings.maximumTtl ?? (settings.via ? longestChainedSeconds : longestSeconds);
  const groups = world && openGroups(sts, settings, world, maximumTtlSeconds);
  const cut = groups && openCut(groups, world);
  const room = world && openRoom(world);
  const slices = openSlices(opening, maximumTtlSeconds);
  const available = watchAvailability(clock, warn);

  function entryOf(order: Order<AwsStsScope>) {
    const entry = filledScope(order.scope);
    checkWithin(entry, order.within ?? []);
    return entry;
  }

  function mustNotBeTooLong({ ttlSeconds }: Order): void {
    if (ttlSeconds > maximumTtlSeconds)
      throw new Fault('ttl.invalid', `This provider mints ${maximumTtlSeconds} seconds at most.`);
  }

  /** What AWS lets us do about a session of this entry: it has no call that ends one. */
  function effectOf({ cutOff }: Pick<AwsStsScope, 'cutOff'>): RevocationEffect {
    if (cut && cutOff.includes('deny')) return 'denied_by_policy';
    return isSliced({ cutOff }) ? 'stops_renewing' : 'expires_only';
  }

  return {
    name,
    kind: 'aws-sts',
    minimumTtlSeconds: (entry) => (isSliced(entry) ? shortestSliceSeconds : shortestSeconds),
    maximumTtlSeconds,
    effect: effectOf,
    plan(order) {
      const entry = entryOf(order);
      const roles = [entry.role, ...entry.roles];
      const role =
        room && groups && entry.cutOff.includes('deny')
          ? room.choose(roles, (each) => groups.groupOf(each))
          : entry.role;
      return planSession(order, { ...entry, role }, settings);
    },
    ...(groups && { enrolment: (handle) => groups.enrolment(handle) }),
    async issue(order, planned, learn) {
      mustNotBeTooLong(order);
      const entry = entryOf(order);
      const handle = planned as SessionHandle;
      if (!isSliced(entry)) return issuedFrom(await openWholeSession(opening, order, entry, handle), handle);
      if (available.has(handle.role))
        try {
          return issuedFrom(await slices.cut(order, entry, handle, learn), handle);
        } catch (refusal) {
          slices.leave(order.leaseId);
          if (!available.isGone(handle.role, refusal)) throw refusal;
        }
      const whole = wholeHandle(handle, order);
      await learn(whole);
      const issued = issuedFrom(await openWholeSession(opening, order, entry, whole), whole);
      return { ...issued, effect: effectOf({ cutOff: entry.cutOff.filter((way) => way !== 'slices') }) };
    },
    async renew(order, handle) {
      mustNotBeTooLong(order);
      if (order.ttlSeconds > order.ceilingSeconds)
        throw new Fault('lease.at_ceiling', 'The session would last longer than the lease may.');
      const entry = entryOf(order);
      const known = handle as SessionHandle;
      if (![entry.role, ...entry.roles].includes(known.role) || (known.slices && !isSliced(entry)))
        throw new Fault(
          'provider.refused',
          'The entry has changed since; only a new credential can follow it.',
        );
      const session = known.slices
        ? await slices.cutNext(order, entry, known)
        : await openWholeSession(opening, order, entry, known);
      const { secret, expiresAt = session.expiresAt } = issuedFrom(session, known);
      return { secret, expiresAt };
    },
    async revoke(handle, ending) {
      if (typeof handle['lease'] === 'string') slices.leave(handle['lease']);
      const enrolment = groups?.enrolment(handle);
      return cut && enrolment ? cut.revoke(handle, enrolment, ending) : { is: 'expires' };
    },
    ...(cut && { upkeep: () => cut.upkeep() }),
    async check() {
      const { Arn } = await sts.callerIdentity();
      if (!Arn) throw nonsense('the answer names nobody');
    },
    close() {
      slices.close();
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
  problemsTogether,
  open: (name, parsed, world) => openAwsSts(name, parsed, world),
});
