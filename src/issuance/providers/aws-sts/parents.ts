import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../kernel/clock.js';
import { Secret } from '../../../kernel/secret.js';
import type { SessionKeys } from './client.js';
import type { SessionHandle } from './session.js';

/** A session that slices are cut from. It stays in this process's memory, and is never handed over. */
export interface Parent {
  readonly sessionName: string;
  readonly keys: Secret<SessionKeys>;
  /** When it was issued, and ends, on the clock of AWS; milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Until when slices can be cut from it, on our clock. */
  readonly usableUntil: number;
}

/** Which session a lease wants to be cut from. */
export interface Wanted {
  readonly handle: SessionHandle;
  readonly leaseId: string;
  /** What leases have to have in common to be cut from one session. */
  readonly shareAs: string;
  /** What is to be cut. */
  readonly sliceSeconds: number;
  /** Opens one under this name, when there is none. */
  readonly open: (sessionName: string) => Promise<Parent>;
}

export interface Parents {
  /** One that is there already, whatever its name; a new one bears the name of the lease that needs it. */
  forLease(wanted: Wanted): Promise<Parent>;
  /** The one of the handle's name, or another of the same name: what took the lease back has to go on doing so. */
  forRenewal(wanted: Wanted): Promise<Parent>;
  /** Is not used again. */
  drop(parent: Parent): void;
  /** The lease has ended: what no lease needs any more is forgotten. */
  leave(leaseId: string): void;
  close(): void;
}

interface Held {
  readonly parent: Parent;
  readonly leases: Set<string>;
}

/** The parent sessions of one process: `most` of them, then those go that were not used for longest. */
export function holdParents(clock: Clock, most = 10_000): Parents {
  const held = new LRUCache<string, Held>({ max: most, ttlAutopurge: true, dispose: forgetLeases });
  const opening = new Map<string, Promise<Held>>();
  const placeOf = new Map<string, string>();

  function forgetLeases({ leases }: Held, place: string): void {
    for (const lease of leases) if (placeOf.get(lease) === place) placeOf.delete(lease);
  }

  async function from(place: string, { sliceSeconds, open, leaseId }: Wanted, name: string): Promise<Parent> {
    const there = held.get(place);
    if (there && lasts(there.parent, sliceSeconds)) return join(there, place, leaseId);
    // Leases that ask at the same time wait for one session, under the name of the first.
    const made = opening.get(place) ?? start(place, () => open(name));
    return join(await made, place, leaseId);
  }

  async function start(place: string, open: () => Promise<Parent>): Promise<Held> {
    const made = open().then((parent) => {
      const one = { parent, leases: held.get(place)?.leases ?? new Set<string>() };
      held.set(place, one, { ttl: Math.max(1, parent.usableUntil - clock()), noDisposeOnSet: true });
      return one;
    });
    opening.set(place, made);
    return made.finally(() => opening.delete(place));
  }

  function join(one: Held, place: string, leaseId: string): Parent {
    if (placeOf.get(leaseId) !== place) leave(leaseId);
    one.leases.add(leaseId);
    placeOf.set(leaseId, place);
    return one.parent;
  }

  function leave(leaseId: string): void {
    const place = placeOf.get(leaseId);
    if (place === undefined) return;
    placeOf.delete(leaseId);
    const leases = held.peek(place)?.leases;
    leases?.delete(leaseId);
    if (leases?.size === 0) held.delete(place);
  }

  const lasts = ({ usableUntil }: Parent, seconds: number) => usableUntil - clock() >= seconds * 1000;

  return {
    forLease: (wanted) => from(wanted.shareAs, wanted, wanted.handle.sessionName),
    forRenewal(wanted) {
      const { shareAs, handle } = wanted;
      const shared = held.peek(shareAs)?.parent.sessionName;
      const place =
        shared === handle.sessionName || (shared === undefined && !opening.has(shareAs))
          ? shareAs
          : `${handle.role} ${handle.sessionName}`;
      return from(place, wanted, handle.sessionName);
    },
    drop(parent) {
      for (const [place, one] of held.entries()) if (one.parent === parent) held.delete(place);
    },
    leave,
    close: () => held.clear(),
  };
}
