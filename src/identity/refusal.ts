import { Fault } from '../kernel/fault.js';

/** The two kinds of token; the first half of a reason. */
export type TokenKind = 'oidc' | 'svid';

/** What can be wrong with the certificate that a connection has shown. */
type CertificateFlaw =
  | 'malformed'
  /** Its alternative names hold not exactly one URI, or one that is not the SPIFFE ID of a workload. */
  | 'spiffe_id'
  /** None of this trust domain are taken. */
  | 'trust_domain'
  /** It may sign certificates or lists itself, or not what a TLS client has to. */
  | 'key_usage'
  | 'weak_key'
  | 'expired'
  | 'not_yet_valid'
  | 'lifetime'
  /** It does not lead to an authority of its trust domain. */
  | 'chain'
  | 'denied'
  | 'subject';

/** What can be wrong with a token of either kind, once its issuer or trust domain is known. */
type Flaw =
  | 'header'
  | 'algorithm'
  | 'type'
  | 'no_kid'
  | 'unknown_key'
  | 'signature'
  | 'no_subject'
  | 'no_expiry'
  | 'expired'
  | 'not_yet_valid'
  | 'issued_in_future'
  | 'malformed_time'
  | 'lifetime'
  | 'no_audience'
  | 'audience'
  | 'many_audiences'
  | 'denied'
  | 'may_act'
  /** No rule of the settings speaks of this subject. */
  | 'subject'
  /** A claim that the settings use is not of a usable shape. */
  | 'claim'
  /** It is bound to something that is not checked here, or that is not well-formed (RFC 7800 `cnf`). */
  | 'confirmation';

/** Stable: audit, logs and metrics name them. The caller never sees them. */
export type RefusalReason =
  | 'token.missing'
  | 'token.too_long'
  | 'token.malformed'
  | 'issuer.unknown'
  | 'svid.spiffe_id'
  | 'svid.trust_domain'
  | `${TokenKind}.${Flaw}`
  | `x509.${CertificateFlaw}`;

/** Why the keys of an issuer cannot be had. */
export type KeysReason =
  | 'keys.unreachable'
  | 'keys.timeout'
  | 'keys.redirect'
  | 'keys.status'
  | 'keys.too_large'
  | 'keys.malformed'
  /** Neither https nor http that was allowed. */
  | 'keys.address'
  | 'keys.discovery_issuer';

/** One sentence for every bad token or certificate, so that a guesser learns nothing (the reason goes to log and audit). */
export const unproven = (reason: RefusalReason, cause?: unknown): Fault => {
  const what = reason.startsWith('x509.') ? 'certificate of the connection' : 'token';
  return new Fault('identity.unproven', `The ${what} does not prove who the caller is.`, { reason, cause });
};

export const keysUnavailable = (reason: KeysReason, cause?: unknown): Fault =>
  new Fault('identity.unavailable', 'The keys that would verify the token cannot be read right now.', {
    reason,
    cause,
  });
