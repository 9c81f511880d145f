import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.js';
import { renewedEnd, type RenewedEnd } from './renewal.js';

/** A dynamic secret that Vault will take back. */
export interface Lease {
  readonly id: string;
  /** Token that asked for it; the lease ends with it. */
  readonly token: string;
  readonly issuedAt: number;
  /** The longest it may live in all. */
  readonly maximumMs: number;
  endsAt: number;
  renewedAt?: number;
  readonly revoke: () => void;
}

export interface Life {
  readonly lifeMs: number;
  readonly maximumMs: number;
}

export interface Leases {
  register(path: string, token: string, life: Life, revoke: () => void): Lease;
  find(id: string): Lease | undefined;
  /** Undefined past its maximum. */
  renew(lease: Lease, incrementMs: number): RenewedEnd | undefined;
  end(lease: Lease): void;
  /** Ends what the token asked for: queued, as in Vault, where revoking a token does not wait for it. */
  endLater(token: string): void;
  expire(): void;
}

export function openLeases(clock: Clock): Leases {
  const byId = new Map<string, Lease>();
  const end = (lease: Lease) => {
    if (byId.delete(lease.id)) lease.revoke();
  };
  return {
    register(path, token, { lifeMs, maximumMs }, revoke) {
      const issuedAt = clock();
      const id = `${path}/${randomBytes(18).toString('base64url')}`;
      const lease = { id, token, issuedAt, maximumMs, endsAt: issuedAt + lifeMs, revoke };
      byId.set(id, lease);
      return lease;
    },
    find: (id) => byId.get(id),
    renew(lease, incrementMs) {
      const renewed = renewedEnd(clock(), incrementMs, lease.issuedAt + lease.maximumMs);
      if (renewed) Object.assign(lease, { endsAt: renewed.endsAt, renewedAt: clock() });
      return renewed;
    },
    end,
    endLater(token) {
      const ending = [...byId.values()].filter((lease) => lease.token === token);
      setImmediate(() => ending.forEach(end));
    },
    expire() {
      const now = clock();
      for (const lease of byId.values()) if (lease.endsAt <= now) end(lease);
    },
  };
}
