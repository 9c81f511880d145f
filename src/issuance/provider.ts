import type { z } from 'zod';
import type { Secret } from '../kernel/secret.js';
import type { Enrolment, ProviderWorld } from './world.js';

/** What ending a lease really does at the provider; shown wherever a lease is shown. */
export type RevocationEffect = 'revoked_at_provider' | 'denied_by_policy' | 'stops_renewing' | 'expires_only';

/** How to take a credential back. Stored with the lease, so it is plain JSON and never holds a secret. */
export type Handle = Readonly<Record<string, string | number | boolean>>;

/** What is to be minted: a scope already narrowed by parameters, for one lease. */
export interface Order<Scope = unknown> {
  readonly leaseId: string;
  readonly taskId: string;
  readonly agent: string;
  readonly entry: string;
  /** The provider's own section of the catalog entry with the parameters filled in. */
  readonly scope: Scope;
  readonly ttlSeconds: number;
  /** How long renewals may carry the lease in all, from its reservation; never less than `ttlSeconds`. */
  readonly ceilingSeconds: number;
  /** Whose lease it is, among all that mint at this provider: what is left behind is told from another's by it. */
  readonly installation?: string;
  /**
   * What the tasks above let this one have of the entry, outermost first, where it was delegated: whatever is minted has
   * to stay within each. Fault `credential.wider` where the provider cannot see to that.
   */
  readonly within?: readonly Ancestor[];
}

/** A task above the one that asks, and the most that it lets that one have. Only the provider can read the scope. */
export interface Ancestor {
  readonly taskId: string;
  readonly scope: unknown;
}

/** What the provider made. The field names of `secret` are those its clients know (AccessKeyId, username ...). */
export interface Issued {
  readonly secret: Secret<Readonly<Record<string, unknown>>>;
  /** The provider's own end of the credential, milliseconds since the epoch; undefined when it never ends. */
  readonly expiresAt: number | undefined;
  /** The effect of this very credential, when it is weaker than the entry's. */
  readonly effect?: RevocationEffect;
}

export type Revoked =
  /** The provider has confirmed, or the credential is already gone. */
  | { readonly is: 'revoked' }
  /** Accepted but not yet confirmed: ask again. */
  | { readonly is: 'pending'; readonly againAfterSeconds: number }
  /** An explicit deny stands at the provider since then (milliseconds); that it is in force everywhere is not sure. */
  | { readonly is: 'written'; readonly writtenAt: number; readonly againAfterSeconds: number }
  /** Nothing can be done at this provider; the credential ends by itself. */
  | { readonly is: 'expires' };

/** What the ledger knows of a credential that is to be taken back. Times are milliseconds since the epoch. */
export interface Ending {
  /** The provider's own end of it, as far as it is known. */
  readonly expiresAt: number;
  /** When an earlier attempt saw its deny written, if one did. */
  readonly writtenAt?: number;
  /** While it is there, the provider may still be minting. */
  readonly mintUntil?: number;
  readonly revocationRequestedAt?: number;
}

/** What a renewal came to: the same credential with a later end, or a new one in its place. */
export interface Renewed {
  /** There when the agent needs another secret from now on. */
  readonly secret?: Issued['secret'];
  readonly expiresAt: number;
}

/** Something at the provider that was made for a lease of this installation. */
export interface Found {
  readonly leaseId: string;
  /** Enough to take it back. */
  readonly handle: Handle;
  /** Milliseconds, on the provider's clock. */
  readonly madeAt: number;
}

/** One configured provider. Failures are Faults: provider.unavailable, .timeout, .throttled, .refused, .nonsense. */
export interface Provider<Scope = unknown> {
  readonly name: string;
  readonly kind: string;
  /** The shortest lease it can mint of this scope, in seconds. */
  minimumTtlSeconds(scope: Scope): number;
  /** The longest lease it can mint, in seconds. */
  readonly maximumTtlSeconds: number;
  /** What revoking a credential of this scope will do. */
  effect(scope: Scope): RevocationEffect;
  /** Pure, before any network call: the handle is durable before the credential exists. */
  plan(order: Order<Scope>): Handle;
  /** Pure. Where the lease is to be listed, from its reservation on, so that `revoke` can look at all of them together. */
  enrolment?(handle: Handle): Enrolment | undefined;
  /**
   * Mints. Calls `learn` with a better handle as soon as the provider has named something that exists, and waits
   * for it (it is durable then) before making anything that only the better handle could take back.
   */
  issue(order: Order<Scope>, handle: Handle, learn: (better: Handle) => Promise<void>): Promise<Issued>;
  /**
   * Carries a live credential on, to `order.ttlSeconds` from now. What it makes must be taken back by the same handle.
   * Absent where that cannot be done.
   */
  renew?(order: Order<Scope>, handle: Handle): Promise<Renewed>;
  /** Idempotent: revoking what is gone, or was never made, succeeds. `ending` is missing for what never became a lease. */
  revoke(handle: Handle, ending?: Ending): Promise<Revoked>;
  /** One round of what has to be looked after though nobody asks; answers in how many milliseconds to come again. */
  upkeep?(): Promise<number>;
  /**
   * What was made for leases of this installation and is still there, one by one, no faster than the provider can bear;
   * never anything that could be another's. Ends early when told to. Absent where a provider cannot be looked through.
   */
  scan?(installation: string, signal: AbortSignal): AsyncIterable<Found>;
  /** Throws the Fault that issuing would meet now; for readiness and `protem doctor`. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** One kind of provider: a folder under providers/ and a line in the registry. */
export interface ProviderKind<Settings = unknown, Scope = unknown> {
  readonly kind: string;
  /** The provider's section of the settings. */
  readonly settings: z.ZodType<Settings>;
  /** The provider's section of a catalog entry, with `{{parameter}}` placeholders in its strings. */
  readonly scope: z.ZodType<Scope>;
  /** What entries of the catalog do to each other, where each by itself is sound; empty when nothing is wrong. */
  problemsTogether?(entries: readonly PlacedEntry<Settings, Scope>[]): readonly EntryProblem[];
  open(name: string, settings: Settings, world: ProviderWorld): Provider<Scope>;
}

/** An entry of the catalog, with the settings of its provider. */
export interface PlacedEntry<Settings = unknown, Scope = unknown> {
  readonly name: string;
  readonly settings: Settings;
  readonly mint: Scope;
}

export interface EntryProblem {
  readonly entry: string;
  /** Within its `mint`. */
  readonly path: string;
  readonly message: string;
}

/** Keeps the settings and scope types of a kind together where it is defined. */
export const defineProvider = <Settings, Scope>(
  kind: ProviderKind<Settings, Scope>,
): ProviderKind<Settings, Scope> => kind;
