import { Fault } from '../../src/kernel/fault.js';
import type { Clock } from '../../src/kernel/clock.js';
import { Secret } from '../../src/kernel/secret.js';
import type {
  Handle,
  Issued,
  Order,
  Provider,
  Renewed,
  RevocationEffect,
  Revoked,
} from '../../src/issuance/provider.js';

/** A provider whose credentials one can see: `live` is what would be accepted. It can be made slow, or to fail. */
export interface PretendProvider extends Provider {
  readonly live: Set<string>;
  readonly calls: string[];
  /** Thrown by the next calls of that kind, while it is set. */
  failing: { issue?: Fault; revoke?: Fault; renew?: Fault };
  /** The provider's own ends of what is live, milliseconds since the epoch. */
  readonly ends: Map<string, number>;
  /** How much more or less a renewal gives than was asked for; whether it gives a new secret. */
  renewing: { byMs: number; replaces: boolean };
  /** Whether it learns a better handle once the credential is there. */
  teaching: boolean;
  /** Awaited before a credential is made, or after it was and before the answer. */
  hold: {
    beforeIssue?: Promise<void>;
    afterIssue?: Promise<void>;
    beforeRevoke?: Promise<void>;
    beforeRenew?: Promise<void>;
    afterRenew?: Promise<void>;
  };
}

export function pretendProvider(
  name = 'pretend',
  over: {
    effect?: RevocationEffect;
    minimumTtlSeconds?: number;
    endsAfterMs?: number;
    clock?: Clock;
  } = {},
): PretendProvider {
  const clock = over.clock ?? (() => Date.now());
  const ends = new Map<string, number>();
  const live = new Set<string>();
  const calls: string[] = [];
  const provider: PretendProvider = {
    name,
    kind: 'pretend',
    minimumTtlSeconds: () => over.minimumTtlSeconds ?? 1,
    maximumTtlSeconds: 86_400,
    live,
    calls,
    failing: {},
    ends,
    renewing: { byMs: 0, replaces: false },
    teaching: true,
    hold: {},
    effect: () => over.effect ?? 'revoked_at_provider',
    plan: (order: Order): Handle => ({ lease: order.leaseId }),
    async issue(order: Order, handle: Handle, learn): Promise<Issued> {
      calls.push(`issue ${order.leaseId}`);
      await provider.hold.beforeIssue;
      if (provider.failing.issue) throw provider.failing.issue;
      live.add(order.leaseId);
      if (provider.teaching) await learn({ ...handle, learned: true });
      await provider.hold.afterIssue;
      const expiresAt = over.endsAfterMs === undefined ? undefined : clock() + over.endsAfterMs;
      if (expiresAt !== undefined) ends.set(order.leaseId, expiresAt);
      return { secret: new Secret({ password: `pw-of-${order.leaseId}` }), expiresAt };
    },
    async renew(order: Order, handle: Handle): Promise<Renewed> {
      const id = String(handle['lease']);
      calls.push(`renew ${id} ${order.ttlSeconds}`);
      await provider.hold.beforeRenew;
      if (provider.failing.renew) throw provider.failing.renew;
      if (!live.has(id)) throw new Fault('provider.refused', 'There is nothing to renew.');
      const expiresAt = clock() + order.ttlSeconds * 1000 + provider.renewing.byMs;
      ends.set(id, expiresAt);
      await provider.hold.afterRenew;
      const secret = new Secret({ password: `another-of-${id}` });
      return { expiresAt, ...(provider.renewing.replaces && { secret }) };
    },
    async revoke(handle: Handle): Promise<Revoked> {
      calls.push(`revoke ${String(handle['lease'])}`);
      await provider.hold.beforeRevoke;
      if (provider.failing.revoke) throw provider.failing.revoke;
      if (over.effect === 'expires_only') return { is: 'expires' };
      live.delete(String(handle['lease']));
      return { is: 'revoked' };
    },
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return provider;
}
