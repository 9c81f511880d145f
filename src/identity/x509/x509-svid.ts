import type { Clock } from '../../kernel/clock.js';
import type { Proof } from '../proof.js';
import { unproven } from '../refusal.js';
import { parseSpiffeId } from '../spiffe-id.js';
import type { SpiffeId } from '../spiffe-id.js';
import { workloadOf, type TrustDomain } from '../trust-domain.js';
import { readCertificate } from './certificate.js';
import type { ReadCertificate } from './certificate.js';
import { isForClients } from './extensions.js';
import { pathTo } from './path.js';
import { keyOf, longestChain } from './shown-chain.js';
import type { ShownChain } from './shown-chain.js';

/** Those of workloads have one or two thousand; reading costs time by the byte. */
const longestOwnBytes = 4096;

/**
 * WID-08: verifies an X509-SVID (X509-SVID sections 2, 4, 5): one SPIFFE ID of a workload, a key that signs and nothing
 * more, and a path to the authorities of its own trust domain and no other. Throws Fault `identity.unproven` (`x509.*`),
 * `identity.unavailable`.
 */
export async function verifyX509Svid(
  chain: ShownChain,
  trustDomains: ReadonlyMap<string, TrustDomain>,
  clock: Clock,
): Promise<Proof> {
  const [own, ...others] = chain;
  if (chain.length > longestChain || own.length > longestOwnBytes) throw unproven('x509.chain');
  const leaf = read(own);
  const id = spiffeIdOf(leaf);
  const domain = trustDomains.get(id.trustDomain);
  if (domain?.longestCertificateSeconds === undefined) throw unproven('x509.trust_domain');
  if (!isForClients(leaf)) throw unproven('x509.key_usage');
  if (!leaf.isStrong) throw unproven('x509.weak_key');
  checkTimes(leaf, domain.longestCertificateSeconds, clock());
  const { source } = domain;
  const now = clock();
  let keySet = await source.keys();
  let path = pathTo(leaf, others, keySet.authorities, now);
  if (!path) {
    const newer = await source.newerThan(keySet);
    path = newer && pathTo(leaf, others, newer.authorities, now);
    if (!newer || !path) throw unproven('x509.chain');
    keySet = newer;
  }
  // A certificate is of no use without its key: whoever shows it is bound to that key, and has proved it.
  const key = await keyOf(chain);
  const principal = {
    ...workloadOf(id, domain, 'x509'),
    claims: { path: id.path, serialNumber: leaf.serialNumber },
    proofIssuedAt: leaf.notBefore,
    proofExpiresAt: Math.min(...path.map(({ notAfter }) => notAfter)),
    boundTo: key,
    provedBy: key,
  };
  return { principal, keySet, source };
}

function read(der: Uint8Array): ReadCertificate {
  try {
    return readCertificate(der);
  } catch {
    throw unproven('x509.malformed');
  }
}

/** Section 2: exactly one URI, whatever other names there are. */
function spiffeIdOf({ uris: [uri = '', ...others] }: ReadCertificate): SpiffeId {
  const id = others.length === 0 ? parseSpiffeId(uri) : undefined;
  if (id === undefined || id.path === '') throw unproven('x509.spiffe_id');
  return id;
}

function checkTimes({ notBefore, notAfter }: ReadCertificate, longestSeconds: number, now: number): void {
  if (now > notAfter) throw unproven('x509.expired');
  if (now < notBefore) throw unproven('x509.not_yet_valid');
  if (notAfter - notBefore > longestSeconds * 1000) throw unproven('x509.lifetime');
}
