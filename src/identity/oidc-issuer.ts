import type { Clock } from '../kernel/clock.js';
import type { ClaimPath } from './claim-path.js';
import type { Algorithm, Claims, Jws } from './jws.js';
import type { KeySource } from './key-source.js';
import { mayActOf } from './may-act.js';
import { keysNamed } from './dpop/confirmation.js';
import type { SignIn } from './principal.js';
import type { Proof } from './proof.js';
import { unproven } from './refusal.js';
import { holds, subjectOf, type Condition, type SubjectRule } from './subject-rule.js';
import { checkAudience, checkTimes, issuedAtOf, proveSignature, type TokenLimits } from './token-claims.js';

/** One issuer of OIDC tokens: a cluster, a CI system, an identity provider of people. They differ in settings only. */
export interface OidcIssuer {
  /** Exactly the `iss` of its tokens. */
  readonly issuer: string;
  readonly source: KeySource;
  readonly algorithms: readonly Algorithm[];
  readonly limits: TokenLimits;
  /** Where its tokens name a key that secrets may be encrypted to. */
  readonly encryptionKeyClaim?: ClaimPath | undefined;
  /** First match wins; no match refuses. */
  readonly rules: readonly SubjectRule[];
  /** Claim values that are refused though the token is good: a pod that was deleted, a run that was cancelled. */
  readonly deny: readonly Condition[];
}

/** Headers that would bring a key along, or change what is signed (RFC 7515 section 4.1, RFC 7797). */
const refusedHeaders = new Set(['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip']);

/** RFC 8725 section 3.11: a token made for another use (logout, proof of possession, introspection) says so here. */
const allowedTypes = new Set<string | undefined>([undefined, 'jwt', 'jose', 'at+jwt', 'application/at+jwt']);

/** Verifies a token whose `iss` is the issuer's. Throws Fault `identity.unproven` (`oidc.*`). */
export async function verifyOidc(jws: Jws, claims: Claims, issuer: OidcIssuer, clock: Clock): Promise<Proof> {
  checkHeader(jws, issuer);
  const keySet = await proveSignature(jws, issuer.source, 'oidc');
  const expiry = checkTimes(claims, issuer.limits, clock, 'oidc');
  checkAudience(claims, issuer.limits, 'oidc');
  if (typeof claims['sub'] !== 'string' || claims['sub'] === '') throw unproven('oidc.no_subject');
  if (issuer.deny.some((condition) => holds(condition, claims))) throw unproven('oidc.denied');
  const subject = subjectOf(claims, issuer.rules);
  const principal = {
    ...subject,
    issuer: issuer.issuer,
    ...(subject.kind === 'operator' && { signIn: signInOf(claims) }),
    proofExpiresAt: expiry * 1000,
    ...issuedAtOf(claims),
    ...mayActOf(claims, 'oidc'),
    ...keysNamed(claims, issuer.encryptionKeyClaim, 'oidc'),
  };
  return { principal, keySet, source: issuer.source };
}

/** OpenID Connect Core section 2; what is not of its shape there says nothing. */
function signInOf({ acr, amr }: Claims): SignIn {
  return {
    ...(typeof acr === 'string' && { acr }),
    ...(Array.isArray(amr) && { amr: amr.filter((way) => typeof way === 'string') }),
  };
}

function checkHeader({ header }: Jws, issuer: OidcIssuer): void {
  if (!(issuer.algorithms as readonly string[]).includes(header.alg)) throw unproven('oidc.algorithm');
  if (header.names.some((name) => refusedHeaders.has(name))) throw unproven('oidc.header');
  if (!allowedTypes.has(header.typ?.toLowerCase())) throw unproven('oidc.type');
}
