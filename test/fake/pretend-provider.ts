import { Fault } from '../../src/kernel/fault.js';
import { Secret } from '../../src/kernel/secret.js';
import type {
  Handle,
  Issued,
  Order,
  Provider,
  RevocationEffect,
  Revoked,
} from '../../src/issuance/provider.js';

/** A provider whose credentials one can see: `live` is what would be accepted. It can be made slow, or to fail. */
export interface PretendProvider extends Provider {
  readonly live: Set<string>;
  readonly calls: string[];
  /** Thrown by the next calls of that kind, while it is set. */
  failing: { issue?: Fault; revoke?: Fault };
  /** Whether it learns a better handle once the credential is there. */
  teaching: boolean;
  /** Awaited before a credential is made, or after it was and before the answer. */
  hold: { beforeIssue?: Promise<void>; afterIssue?: Promise<void>; beforeRevoke?: Promise<void> };
}

export function pretendProvider(
  name = 'pretend',
  over: { effect?: RevocationEffect; minimumTtlSeconds?: number; endsAfterMs?: number } = {},
): PretendProvider {
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
      const expiresAt = over.endsAfterMs === undefined ? undefined : Date.now() + over.endsAfterMs;
      return { secret: new Secret({ password: `pw-of-${order.leaseId}` }), expiresAt };
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
