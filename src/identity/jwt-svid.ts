import type { Clock } from '../kernel/clock.js';
import type { Algorithm, Claims, Jws } from './jws.js';
import { mayActOf } from './may-act.js';
import { keysNamed } from './dpop/confirmation.js';
import type { Proof } from './proof.js';
import { unproven } from './refusal.js';
import { parseSpiffeId, type SpiffeId } from './spiffe-id.js';
import { checkAudience, checkTimes, issuedAtOf, proveSignature } from './token-claims.js';
import { workloadOf, type TrustDomain } from './trust-domain.js';

/** JWT-SVID section 2.1. EdDSA is not among them. */
const svidAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
] as const satisfies readonly Algorithm[];

const allowedHeaders = new Set(['alg', 'kid', 'typ']);
const allowedTypes = new Set<string | undefined>([undefined, 'JWT', 'JOSE']);

/**
 * Verifies a JWT-SVID (sections 2 to 4) whose `sub` begins with `spiffe://`: header, subject, the keys of that
 * subject's trust domain and no others, then claims. Throws Fault `identity.unproven` (`svid.*`).
 */
export async function verifySvid(
  jws: Jws,
  claims: Claims,
  trustDomains: ReadonlyMap<string, TrustDomain>,
  clock: Clock,
): Promise<Proof> {
  checkHeader(jws);
  const id = readSubject(claims);
  const trustDomain = trustDomains.get(id.trustDomain);
  if (trustDomain === undefined) throw unproven('svid.trust_domain');
  const keySet = await proveSignature(jws, trustDomain.source, 'svid');
  const expiry = checkTimes(claims, trustDomain.limits, clock, 'svid');
  checkAudience(claims, trustDomain.limits, 'svid');
  const keys = keysNamed(claims, trustDomain.encryptionKeyClaim, 'svid');
  const principal = {
    ...workloadOf(id, trustDomain, 'svid'),
    claims: { path: id.path, kid: jws.header.kid! },
    proofExpiresAt: expiry * 1000,
    ...issuedAtOf(claims),
    ...mayActOf(claims, 'svid'),
    ...keys,
  };
  return { principal, keySet, source: trustDomain.source };
}

/** Section 2: a header that is not described there must not be included, so none can carry a key in. */
function checkHeader({ header }: Jws): void {
  if (!(svidAlgorithms as readonly string[]).includes(header.alg)) throw unproven('svid.algorithm');
  if (!header.names.every((name) => allowedHeaders.has(name))) throw unproven('svid.header');
  if (!allowedTypes.has(header.typ)) throw unproven('svid.type');
  if (header.kid === undefined) throw unproven('svid.no_kid');
}

function readSubject(claims: Claims): SpiffeId {
  if (typeof claims['sub'] !== 'string') throw unproven('svid.no_subject');
  const id = parseSpiffeId(claims['sub']);
  if (id === undefined || id.path === '') throw unproven('svid.spiffe_id');
  return id;
}
