import { Fault } from '../../../kernel/fault.js';
import { Secret } from '../../../kernel/secret.js';
import type { Order } from '../../provider.js';
import type { SessionKeys } from './client.js';
import { type Session, sessionFrom, sliceFrom } from './issued.js';
import { holdParents, type Parent, type Wanted } from './parents.js';
import { AwsRefusal } from './refusal.js';
import type { FilledScope } from './scope.js';
import type { SessionHandle } from './session.js';
import { longestSeconds, shortestSeconds, shortestSliceSeconds } from './settings.js';
import { type Opening, sessionInput } from './whole-session.js';
import { layersAbove } from './within.js';

/** So much longer than a slice lives the session that it is cut from, at the least. */
const spareSeconds = 60;

export interface Slices {
  /** A slice for a new lease; `own` is told the handle that the lease really has before anything is cut. */
  cut(order: Order, entry: FilledScope, handle: SessionHandle, own: Learn): Promise<Session>;
  /** The next slice of a lease, from a session of the name that its handle has. */
  cutNext(order: Order, entry: FilledScope, handle: SessionHandle): Promise<Session>;
  /** Nothing more will be cut for this lease. */
  leave(leaseId: string): void;
  close(): void;
}

type Learn = (handle: SessionHandle) => Promise<void>;

/**
 * Slices of sessions, by sts:GetScopedCredentials: one AssumeRole for the leases of a task on a role, and from it, for
 * each lease, sessions of a few minutes that are held to the entry's policy (AWS STS API reference,
 * GetScopedCredentials). Throws AwsRefusal where AWS refuses, and Faults `ttl.below_floor` and `credential.wider`.
 */
export function openSlices(opening: Opening, maximumTtlSeconds: number): Slices {
  const { sts, settings, clock } = opening;
  const parents = holdParents(clock);

  const wanted = (order: Order, entry: FilledScope, handle: SessionHandle): Wanted => ({
    handle,
    leaseId: order.leaseId,
    shareAs: sharedBy(order, entry, handle),
    sliceSeconds: secondsOf(order),
    open: (sessionName) => openParent(order, entry, { ...handle, sessionName }),
  });

  function secondsOf({ ttlSeconds }: Order): number {
    if (ttlSeconds < shortestSliceSeconds)
      throw new Fault('ttl.below_floor', 'A slice of a session lasts a minute at least.');
    return Math.min(ttlSeconds, settings.sliceTtl);
  }

  /** As long as the lease may be carried, so that no second one is needed. */
  async function openParent(order: Order, entry: FilledScope, handle: SessionHandle): Promise<Parent> {
    const least = Math.max(shortestSeconds, secondsOf(order) + spareSeconds, order.ceilingSeconds);
    const seconds = Math.min(least, maximumTtlSeconds, longestSeconds);
    const askedAt = clock();
    const answer = await sts.assumeRole({
      ...sessionInput(order, entry, handle, settings),
      DurationSeconds: seconds,
    });
    const { keys, expiresAt } = sessionFrom(answer, handle, seconds, clock());
    return {
      sessionName: handle.sessionName,
      keys: new Secret(keys),
      issuedAt: expiresAt - seconds * 1000,
      expiresAt,
      usableUntil: askedAt + seconds * 1000,
    };
  }

  /** Layer by layer: each policy can only take away. What lies between is kept by nobody. */
  async function cutFrom(parent: Parent, order: Order, entry: FilledScope, handle: SessionHandle) {
    const seconds = Math.min(secondsOf(order), Math.floor((parent.usableUntil - clock()) / 1000));
    const named = { ...handle, sessionName: parent.sessionName };
    const above = layersAbove(entry, order.within ?? []);
    let keys: SessionKeys = parent.keys.reveal();
    for (const [i, policy] of above.entries()) {
      const answer = await sts.scopedCredentials(keys, { Policy: policy });
      const left = (parent.expiresAt - clock()) / 1000;
      keys = sliceFrom(answer, named, i + 1, left, clock()).keys;
    }
    const answer = await sts.scopedCredentials(keys, {
      Policy: entry.policyText,
      DurationSeconds: seconds,
      ScopedSessionDescription: `task ${order.taskId} lease ${order.leaseId}`,
    });
    return sliceFrom(answer, named, above.length + 1, seconds, clock());
  }

  return {
    async cut(order, entry, handle, own) {
      layersAbove(entry, order.within ?? []);
      const want = wanted(order, entry, handle);
      const parent = await parents.forLease(want);
      if (parent.sessionName !== handle.sessionName)
        await own({ ...handle, sessionName: parent.sessionName, parentIssuedAt: parent.issuedAt });
      return cutFrom(parent, order, entry, handle).catch((refusal: unknown) => {
        if (isTooOld(refusal)) parents.drop(parent);
        throw refusal;
      });
    },
    async cutNext(order, entry, handle) {
      const want = wanted(order, entry, handle);
      const parent = await parents.forRenewal(want);
      return cutFrom(parent, order, entry, handle).catch(async (refusal: unknown) => {
        if (!isTooOld(refusal)) throw refusal;
        parents.drop(parent);
        return cutFrom(await parents.forRenewal(want), order, entry, handle);
      });
    },
    leave: (leaseId) => parents.leave(leaseId),
    close: () => parents.close(),
  };
}

/** The session has ended, or ends too early, whatever our clock says: the next attempt opens another. */
const isTooOld = (refusal: unknown): boolean =>
  refusal instanceof AwsRefusal &&
  /^(ExpiredToken|InsufficientSessionLifetime|InvalidSubjectCredentials)/.test(refusal.awsCode);

/**
 * Leases are cut from one session when nothing has to tell them apart at AWS. Tags would, for they name the lease; and
 * so does any other way of cutting off, as all slices of a session bear its name.
 */
function sharedBy(
  order: Order,
  entry: FilledScope,
  { role, sessionName, sourceIdentity = '' }: SessionHandle,
) {
  const together = !entry.tags && entry.cutOff.every((way) => way === 'slices');
  return together ? `${role} ${order.taskId} ${sourceIdentity}` : `${role} ${sessionName}`;
}
