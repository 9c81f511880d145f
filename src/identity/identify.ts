import type { Clock } from '../kernel/clock.js';
import { Fault } from '../kernel/fault.js';
import { constrainBearer, constrainDpop, type SenderConstraint, type Showing } from './dpop/constrain.js';
import type { ProofStore } from './dpop/proof-store.js';
import { invalidProof } from './dpop/flaw.js';
import { proofVerifier, type ProofRules } from './dpop/verify-proof.js';
import { isEnded } from './ended-proof.js';
import type { EndedAt } from './ended-proof.js';
import type { IdentitySettings } from './identity-settings.js';
import { readClaims, readJws } from './jws.js';
import { verifySvid } from './jwt-svid.js';
import { fetchKeys, type FetchKeys } from './key-fetch.js';
import { verifyOidc } from './oidc-issuer.js';
import { askingBy } from './principal.js';
import type { Identify, Principal } from './principal.js';
import type { Proof } from './proof.js';
import { unproven } from './refusal.js';
import type { RefusalReason } from './refusal.js';
import { openOidcIssuers, openTrustDomains } from './trust.js';
import { createVerifiedProofs } from './verified-proofs.js';
import { constrainCertificate } from './x509/constrain.js';
import { digestOf } from './x509/shown-chain.js';
import type { ShownChain } from './x509/shown-chain.js';
import { verifyX509Svid } from './x509/x509-svid.js';

export interface IdentifyPorts {
  readonly clock: Clock;
  readonly fetch?: FetchKeys;
  /** Told why each token was refused, by a stable code; never told the token. */
  readonly onRefusal?: (reason: string) => void;
  readonly proofs: ProofStore;
  /** Tokens that were issued until then prove nothing any more. */
  readonly endedAt?: EndedAt;
  /** Where this broker listens, for a settings file that does not say where it is reached. */
  readonly listeningAt: () => string | undefined;
}

/** For so long a connection whose certificate proves nothing is told so without being looked at again. */
const refusedForMs = 5000;

/** Makes `Identify` from the settings. Fetches nothing until a token needs it, and holds nothing to be closed. */
export function createIdentify(settings: IdentitySettings, ports: IdentifyPorts): Identify {
  const { clock, fetch = fetchKeys, onRefusal = () => undefined, proofs } = ports;
  const issuers = openOidcIssuers(settings, fetch, clock);
  const trustDomains = openTrustDomains(settings, fetch, clock);
  const verified = createVerifiedProofs(clock);
  const demands = new Map<string, SenderConstraint>([
    ...settings.issuers.map((one) => [one.issuer, one.requireSenderConstraint] as const),
    ...settings.trustDomains.map((one) => [one.name, one.requireSenderConstraint] as const),
  ]);
  const refused = new WeakMap<ShownChain, { readonly reason: RefusalReason; readonly until: number }>();
  const underWay = new WeakMap<ShownChain, Promise<Principal>>();
  const verifyProof = proofVerifier(proofRules(settings, ports.listeningAt), proofs, clock);

  /** The token itself says where to look; only what is configured is ever looked at. */
  async function verify(token: string): Promise<Proof> {
    const jws = readJws(token);
    const claims = readClaims(jws);
    const { iss, sub } = claims;
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
    const isSpiffe = typeof sub === 'string' && /^spiffe:/i.test(sub);
    if (isSpiffe || iss === undefined) return verifySvid(jws, claims, trustDomains, clock);
    if (issuer === undefined) throw unproven('issuer.unknown');
    return verifyOidc(jws, claims, issuer, clock);
  }

  async function prove(shown: string, verifying: () => Promise<Proof>): Promise<Principal> {
    const proof = await verifying();
    const principal = Object.freeze(askingBy(proof.principal));
    verified.keep(shown, principal, proof);
    return principal;
  }

  async function byToken(token: string, showing: Showing | undefined): Promise<Principal> {
    const principal = verified.find(token) ?? (await prove(token, () => verify(token)));
    mustBeNewer(principal, ports);
    const demand = demands.get(principal.issuer) ?? 'no';
    if (showing?.scheme === 'dpop')
      return constrainDpop(principal, demand, { ...showing, token }, verifyProof);
    if (principal.boundToCertificate !== undefined) return constrainCertificate(principal, showing);
    return constrainBearer(principal, demand, showing);
  }

  /** However many requests of one connection come at once, its certificate is looked at once for all of them. */
  function once(chain: ShownChain, proving: () => Promise<Principal>): Promise<Principal> {
    const known = underWay.get(chain);
    if (known) return known;
    const begun = proving().finally(() => underWay.delete(chain));
    underWay.set(chain, begun);
    return begun;
  }

  /** Whoever shows a certificate has proved its key: that is what `requireSenderConstraint` is there for. */
  async function byCertificate(chain: ShownChain, { proofs }: Showing): Promise<Principal> {
    if (proofs.length > 0) throw invalidProof('dpop.scheme');
    // What a request can show as a token (http/bearer.ts) has no blank.
    const shown = `x509 ${digestOf(chain)}`;
    const verifying = async () => {
      const before = refused.get(chain);
      if (before && clock() < before.until) throw unproven(before.reason);
      return verifyX509Svid(chain, trustDomains, clock).catch((cause: unknown) => {
        const reason = cause instanceof Fault && (cause.reason as RefusalReason | undefined);
        if (reason && reason.startsWith('x509.'))
          refused.set(chain, { reason, until: clock() + refusedForMs });
        throw cause;
      });
    };
    const principal = verified.find(shown) ?? (await once(chain, () => prove(shown, verifying)));
    // Whatever was believed before: it ends to the millisecond, with the first of its path.
    if (clock() > principal.proofExpiresAt) throw unproven('x509.expired');
    mustBeNewer(principal, ports);
    return principal;
  }

  return async (token, showing) => {
    try {
      if (token !== undefined) return await byToken(token, showing);
      if (showing?.certificates) return await byCertificate(showing.certificates, showing);
      throw unproven('token.missing');
    } catch (cause) {
      // Anything that is not a Fault is a flaw in the broker, and becomes its 500.
      if (cause instanceof Fault) onRefusal(cause.reason ?? cause.code);
      throw cause;
    }
  };
}

function mustBeNewer(principal: Principal, { endedAt, clock }: IdentifyPorts): void {
  if (endedAt && isEnded(principal, endedAt, clock()))
    throw new Fault('identity.stale', 'The session of this caller was ended after its token was issued.', {
      reason: 'session.ended',
    });
}

const proofRules = (
  { publicUrl, dpop }: IdentitySettings,
  listeningAt: IdentifyPorts['listeningAt'],
): ProofRules => ({
  maximumAgeSeconds: dpop.maximumAge,
  nonceSeconds: dpop.requireNonce ? dpop.nonceLifetime : undefined,
  publicUrls: () => [publicUrl ?? listeningAt() ?? '', ...dpop.alsoAt],
});
