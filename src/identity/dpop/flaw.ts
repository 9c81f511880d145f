import { Fault } from '../../kernel/fault.js';

/** What can be wrong with a proof, in words that may be shown: its sender made it, and has to mend it. */
const flaws = {
  'dpop.none': 'The request has no DPoP header.',
  'dpop.many': 'The request has more than one DPoP header.',
  'dpop.scheme':
    'The request has a proof, but shows its token as "Bearer": send it as "Authorization: DPoP".',
  'dpop.malformed': 'The proof is not one compact JWS, or a claim of it is missing or of the wrong type.',
  'dpop.type': 'The proof is not of the type "dpop+jwt".',
  'dpop.algorithm': 'The proof is not signed with an asymmetric algorithm that is taken here.',
  'dpop.key': 'The "jwk" of the proof is not a public key that fits its algorithm.',
  'dpop.private_key': 'The "jwk" of the proof holds a private key. It is spent: use another.',
  'dpop.signature': 'The proof is not signed by the key in it.',
  'dpop.method': 'The proof is for another method than that of the request.',
  'dpop.uri': 'The proof is for another address than that of the request, as this broker is known by.',
  'dpop.stale': 'The proof was made too long ago, or in the future.',
  'dpop.token': 'The proof is for another token than that of the request.',
  'dpop.other_key': 'The token is bound to another key than that of the proof.',
  'dpop.replayed': 'The proof was used before.',
} as const;

export type ProofFlaw = keyof typeof flaws;

/** RFC 9449 section 7.1, `invalid_dpop_proof`. */
export const invalidProof = (reason: ProofFlaw, cause?: unknown): Fault =>
  new Fault('dpop.invalid', flaws[reason], { reason, cause });
