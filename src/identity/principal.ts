import type { Cause } from '../kernel/cause.js';
import { present } from '../kernel/present.js';
import type { Showing } from './dpop/constrain.js';
import type { MayAct } from './may-act.js';

export type PrincipalKind = 'agent' | 'operator' | 'orchestrator';

/** What an operator may do; agents and orchestrators have none of these. */
export type OperatorRole = 'viewer' | 'approver' | 'admin' | 'breakglass';

export interface SignIn {
  readonly acr?: string;
  readonly amr?: readonly string[];
}

/** Who asks: proved by a token or a certificate, never by a shared secret. */
export interface Principal {
  /** Stable across tokens and runs: a SPIFFE ID, or the name its issuer's settings give it. Everything keys on it. */
  readonly id: string;
  readonly kind: PrincipalKind;
  /** The `iss` of the token, or the SPIFFE trust domain. */
  readonly issuer: string;
  readonly roles: readonly OperatorRole[];
  /** Verified claims that policy and audit may see; flat, and never the token. */
  readonly claims: Readonly<Record<string, string | number | boolean>>;
  /** How an operator signed in, where its token says: `acr` and `amr` (OpenID Connect Core section 2). */
  readonly signIn?: SignIn;
  /** Milliseconds since the epoch; the end of the proof, not of the principal. */
  readonly proofExpiresAt: number;
  /** Since when the token or certificate says that it holds, in milliseconds since the epoch; absent when it does not. */
  readonly proofIssuedAt?: number;
  /** Thumbprint (RFC 7638, SHA-256) of the key that the token is bound to. */
  readonly boundTo?: string;
  /** Thumbprint (`x5t#S256`) of the certificate that the token is bound to. */
  readonly boundToCertificate?: string;
  /** Thumbprint of the key that this request was proved by: in a DPoP proof, or as that of a certificate in TLS. */
  readonly provedBy?: string;
  /** Thumbprint of the key that the token says secrets may be encrypted to. */
  readonly encryptionKey?: string;
  /** The only one that it may delegate to, where its token names one. */
  readonly mayAct?: MayAct;
  /** The call that it asks by, where it asks by one. */
  readonly call?: Cause;
}

/**
 * The same principal, asking by that call, with its members in one order: what is spread together has a hidden class of its
 * own in V8, and whatever reads thousands of such is slow.
 */
export const askingBy = (from: Principal, call?: Cause): Principal =>
  present({
    id: from.id,
    kind: from.kind,
    issuer: from.issuer,
    roles: from.roles,
    claims: from.claims,
    signIn: from.signIn,
    proofExpiresAt: from.proofExpiresAt,
    proofIssuedAt: from.proofIssuedAt,
    boundTo: from.boundTo,
    boundToCertificate: from.boundToCertificate,
    provedBy: from.provedBy,
    encryptionKey: from.encryptionKey,
    mayAct: from.mayAct,
    call,
  });

/**
 * Tells whose token this is, and that the request may show it as it does; without `showing` it is shown as a bearer
 * token. Without a token, whose the certificate is that the connection has shown. Throws Fault `identity.unproven` with
 * one public sentence for every kind of bad token (the reason goes to log and audit), `identity.unavailable` when the
 * issuer's keys cannot be had, and as `constrain` does.
 */
export type Identify = (token: string | undefined, showing?: Showing) => Promise<Principal>;

/** The longest that a token without `iat` may have been out already. */
const oldestUndatedMs = 86_400_000;

/** When the token was issued at the earliest, in milliseconds since the epoch. */
export const provedAt = ({ proofIssuedAt }: Principal, now: number): number =>
  proofIssuedAt ?? Math.floor(now) - oldestUndatedMs;

/** Whether only the holder of a key that its token names can ask as this principal. */
export const isSenderConstrained = ({ boundTo, provedBy }: Principal): boolean =>
  boundTo !== undefined && boundTo === provedBy;
