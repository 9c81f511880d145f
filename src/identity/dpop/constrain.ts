import { Fault } from '../../kernel/fault.js';
import type { Principal } from '../principal.js';
import type { ShownChain } from '../x509/shown-chain.js';
import { invalidProof } from './flaw.js';
import type { ProvedRequest, VerifyProof } from './verify-proof.js';

/** How a request shows its token (RFC 9449 section 7.1). */
export interface Showing extends Omit<ProvedRequest, 'token'> {
  readonly scheme: 'bearer' | 'dpop';
  /** Every DPoP header that was there. */
  readonly proofs: readonly string[];
  /** What the connection showed in TLS, where it showed a certificate. */
  readonly certificates?: ShownChain | undefined;
}

/** What an issuer's tokens have to be shown with; `bound`: by the key that the token itself names. */
export type SenderConstraint = 'no' | 'proof' | 'bound';

/**
 * Who asks with a bearer token that may be one; without `showing` it was not shown in a request. Throws Fault
 * `dpop.required`, `dpop.missing`, `dpop.invalid`.
 */
export function constrainBearer(
  principal: Principal,
  demand: SenderConstraint,
  showing: Pick<Showing, 'proofs'> | undefined,
): Principal {
  if (showing && showing.proofs.length > 0) throw invalidProof('dpop.scheme');
  if (principal.boundTo !== undefined)
    throw new Fault('dpop.missing', 'The token is bound to a key, and the request has no proof of it.', {
      reason: 'dpop.bound_as_bearer',
    });
  if (demand !== 'no') throw required('Tokens of this issuer are taken with a DPoP proof only.');
  return principal;
}

/**
 * Who asks, with the key that this request was proved by. Throws Fault `dpop.required`, `dpop.invalid`, `dpop.nonce`,
 * `state.unavailable`.
 */
export async function constrainDpop(
  principal: Principal,
  demand: SenderConstraint,
  showing: Showing & { readonly token: string },
  verify: VerifyProof,
): Promise<Principal> {
  if (principal.boundToCertificate !== undefined) throw invalidProof('dpop.other_key');
  const provedBy = await verify(showing.proofs, showing);
  if (principal.boundTo !== undefined && principal.boundTo !== provedBy) throw invalidProof('dpop.other_key');
  if (demand === 'bound' && principal.boundTo === undefined)
    throw required('Tokens of this issuer have to name the key that they are bound to.');
  return { ...principal, provedBy };
}

const required = (sentence: string): Fault =>
  new Fault('dpop.required', sentence, { reason: 'dpop.required' });
