import type { RevocationEffect } from '../issuance/provider.js';
import type { RevocationCause } from '../lease/lease.js';
import type { ParameterValues } from '../policy/catalog.js';
import type { Act } from '../task/scope.js';
import type { AskedFor, ChainBefore, Decided, OfLease } from './event.js';

/** What can happen to one lease. */
export type LeaseEvent =
  | (OfLease & {
      readonly type: 'lease.reserved';
      readonly intent: string;
      readonly onBehalfOf?: string;
      readonly asked: AskedFor;
      /** The tools that the task had used, where it had used any. */
      readonly chain?: ChainBefore;
      /** Whose delegation led to its task, where it was delegated. */
      readonly actors?: readonly string[];
      readonly act?: Act;
      readonly decided: Decided;
      readonly provider: string;
      readonly ttlSeconds: number;
      /** Where an approval gave others than were asked for. */
      readonly parameters?: ParameterValues;
      readonly effect: RevocationEffect;
      /** The approval that it was issued by. */
      readonly approval?: string;
      readonly issuer: string;
      /** Thumbprint of the key that the request was proved by, and whether the token is bound to it. */
      readonly jkt?: string;
      readonly senderConstrained?: boolean;
      readonly claims: Readonly<Record<string, string | number | boolean>>;
    })
  | (OfLease & {
      readonly type: 'lease.active';
      readonly expiresAt: number;
      readonly effect: RevocationEffect;
    })
  | (OfLease & { readonly type: 'lease.mint_failed'; readonly fault: string })
  | (OfLease & {
      /** Permitted, and about to be asked of the provider. */
      readonly type: 'lease.renewing';
      readonly asked: AskedFor;
      readonly decided: Decided;
      readonly jkt?: string;
    })
  | (OfLease & {
      readonly type: 'lease.renewed';
      /** Its end before, and now. */
      readonly expiredAt: number;
      readonly expiresAt: number;
      /** How often it was renewed by now. */
      readonly renewals: number;
      /** Whether the provider made a new secret for it. */
      readonly secret: boolean;
    })
  | (OfLease & { readonly type: 'lease.renew_failed'; readonly fault: string })
  | (OfLease & {
      readonly type: 'lease.renew_refused';
      readonly fault: string;
      readonly issuer: string;
      readonly claims: Readonly<Record<string, string | number | boolean>>;
      readonly asked: Partial<AskedFor>;
      readonly decided?: Decided;
      readonly reason?: string;
    })
  | (OfLease & {
      readonly type: 'lease.revoking';
      readonly cause: RevocationCause;
      readonly by: string;
      readonly reason?: string;
      /** The taking back of many that it belongs to. */
      readonly withdrawal?: string;
    })
  | (OfLease & {
      /** A deny of it stands at the provider; from the request for its end to there. */
      readonly type: 'lease.denied';
      readonly cause: RevocationCause;
      readonly lagMs: number;
    })
  | (OfLease & {
      readonly type: 'lease.revoked' | 'lease.expired';
      readonly cause: RevocationCause;
      readonly effect: RevocationEffect;
      readonly attempts: number;
      /** From the request for its end to this end. */
      readonly lagMs: number;
    })
  | (OfLease & {
      readonly type: 'revocation.failed';
      readonly fault: string;
      readonly attempt: number;
      readonly stuck: boolean;
      readonly retryInMs: number;
    })
  | {
      readonly type: 'lease.quarantined';
      readonly lease: string;
      readonly task: string;
      readonly provider: string;
    }
  | (OfLease & {
      /** Due again: it was not over, and was missing from the index of due leases. */
      readonly type: 'lease.reindexed';
      readonly provider: string;
    })
  | {
      /** Due again, because its record can be read again. */
      readonly type: 'lease.readable';
      readonly lease: string;
      readonly task: string;
      readonly provider: string;
      readonly state: 'reserved' | 'active' | 'revoking' | 'stuck';
    };
