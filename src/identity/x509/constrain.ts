import { Fault } from '../../kernel/fault.js';
import type { Principal } from '../principal.js';
import { keyOf, thumbprintOf } from './shown-chain.js';
import { invalidProof } from '../dpop/flaw.js';
import type { Showing } from '../dpop/constrain.js';

/**
 * TOK-08: a token that is bound to a certificate is taken only over a connection that has shown it (RFC 8705 section 3).
 * Who leads that certificate back to whom does not matter: the token names it. Throws Fault `certificate.missing`.
 */
export async function constrainCertificate(
  principal: Principal,
  showing: Pick<Showing, 'certificates' | 'proofs'> | undefined,
): Promise<Principal> {
  if (showing && showing.proofs.length > 0) throw invalidProof('dpop.scheme');
  const shown = showing?.certificates;
  if (shown === undefined || thumbprintOf(shown) !== principal.boundToCertificate)
    throw new Fault(
      'certificate.missing',
      'The token is bound to a certificate that the connection did not show.',
      {
        reason: shown === undefined ? 'certificate.none' : 'certificate.other',
      },
    );
  const key = await keyOf(shown);
  return { ...principal, boundTo: key, provedBy: key };
}
