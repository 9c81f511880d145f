import type { Certificate } from 'pkijs';
import type { Clock } from '../../kernel/clock.js';
import type { Proof } from '../proof.js';
import { unproven } from '../refusal.js';
import { parseSpiffeId } from '../spiffe-id.js';
import type { SpiffeId } from '../spiffe-id.js';
import { workloadOf, type TrustDomain } from '../trust-domain.js';
import { isForClients, isStrong, readCertificate, uriNames } from './certificate.js';
import { leadsTo } from './path.js';
import { keyOf } from './shown-chain.js';
import type { ShownChain } from './shown-chain.js';

/** More than this no chain has, and each that is looked at costs a signature. */
const longestChain = 8;

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
  if (chain.length > longestChain) throw unproven('x509.chain');
  const certificates = chain.map(parsed);
  const [leaf] = certificates;
  if (leaf === undefined) throw unproven('x509.malformed');
  const id = spiffeIdOf(leaf);
  const domain = trustDomains.get(id.trustDomain);
  if (domain?.longestCertificateSeconds === undefined) throw unproven('x509.trust_domain');
  if (!isForClients(leaf)) throw unproven('x509.key_usage');
  if (!isStrong(leaf)) throw unproven('x509.weak_key');
  const times = checkTimes(leaf, domain.longestCertificateSeconds, clock());
  const { source } = domain;
  let keySet = await source.keys();
  const leads = () => leadsTo(certificates, keySet.authorities.map(parsed), new Date(clock()));
  if (!(await leads())) {
    const newer = await source.newerThan(keySet);
    if (newer === undefined) throw unproven('x509.chain');
    keySet = newer;
    if (!(await leads())) throw unproven('x509.chain');
  }
  // A certificate is of no use without its key: whoever shows it is bound to that key, and has proved it.
  const key = await keyOf(chain);
  const named = { ...workloadOf(id, domain, 'x509'), claims: claimsOf(id, leaf) };
  return { principal: { ...named, ...times, boundTo: key, provedBy: key }, keySet, source };
}

function parsed(der: Uint8Array): Certificate {
  try {
    return readCertificate(der);
  } catch {
    throw unproven('x509.malformed');
  }
}

/** Section 2: exactly one URI, whatever other names there are. */
function spiffeIdOf(leaf: Certificate): SpiffeId {
  const [uri = '', ...others] = uriNames(leaf);
  const id = others.length === 0 ? parseSpiffeId(uri) : undefined;
  if (id === undefined || id.path === '') throw unproven('x509.spiffe_id');
  return id;
}

function checkTimes({ notBefore, notAfter }: Certificate, longestSeconds: number, now: number) {
  const [begins, ends] = [notBefore.value.getTime(), notAfter.value.getTime()];
  if (now > ends) throw unproven('x509.expired');
  if (now < begins) throw unproven('x509.not_yet_valid');
  if (ends - begins > longestSeconds * 1000) throw unproven('x509.lifetime');
  return { proofIssuedAt: begins, proofExpiresAt: ends };
}

const claimsOf = ({ path }: SpiffeId, { serialNumber }: Certificate) => ({
  path,
  serialNumber: Buffer.from(serialNumber.valueBlock.valueHexView).toString('hex'),
});
