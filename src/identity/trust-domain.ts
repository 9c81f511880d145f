import type { ClaimPath } from './claim-path.js';
import type { KeySource } from './key-source.js';
import type { Principal } from './principal.js';
import { unproven } from './refusal.js';
import type { SpiffeId } from './spiffe-id.js';
import type { TokenLimits } from './token-claims.js';

/** A workload's path, or with `/*` at the end everything under it, and what such a workload is. */
export interface SvidRule {
  readonly path: string;
  readonly kind: 'agent' | 'orchestrator';
}

/** One trust domain with its own keys; they never verify what another's have to (Federation section 5.1). */
export interface TrustDomain {
  readonly name: string;
  readonly source: KeySource;
  readonly limits: TokenLimits;
  /** The longest that an X509-SVID may have been made to last; undefined where none are taken. */
  readonly longestCertificateSeconds?: number | undefined;
  /** Where its tokens name a key that secrets may be encrypted to. */
  readonly encryptionKeyClaim?: ClaimPath | undefined;
  readonly rules: readonly SvidRule[];
  /** SPIFFE IDs that are refused whatever they carry. */
  readonly deny: ReadonlySet<string>;
}

/** Who a SPIFFE ID names by the rules of its trust domain. Throws `denied`, `subject`. */
export function workloadOf(
  { trustDomain, path }: SpiffeId,
  domain: TrustDomain,
  shownAs: 'svid' | 'x509',
): Pick<Principal, 'id' | 'kind' | 'issuer' | 'roles'> {
  const id = `spiffe://${trustDomain}${path}`;
  if (domain.deny.has(id)) throw unproven(`${shownAs}.denied`);
  const rule = domain.rules.find((one) => covers(one.path, path));
  if (rule === undefined) throw unproven(`${shownAs}.subject`);
  return { id, kind: rule.kind, issuer: domain.name, roles: [] };
}

const covers = (pattern: string, path: string): boolean =>
  pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
