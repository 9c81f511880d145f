import { hash } from 'node:crypto';
import { proofVerifier } from '../../../src/identity/dpop/verify-proof.js';
import type { ProofRules, ProvedRequest } from '../../../src/identity/dpop/verify-proof.js';
import { Fault } from '../../../src/kernel/fault.js';
import { rememberedProofs } from '../../fake/remembered-proofs.js';
import { signJws } from '../signer.js';
import type { Signer } from '../signer.js';

/** A verifier whose clock stands at `nowSeconds`, and what it makes of proofs: the thumbprint, or the reason. */
export function verifying(nowSeconds: number, url: string, rules: Partial<ProofRules> = {}) {
  const clock = { nowSeconds };
  const verify = proofVerifier(
    { maximumAgeSeconds: 60, nonceSeconds: undefined, publicUrls: () => [url], ...rules },
    rememberedProofs(),
    () => clock.nowSeconds * 1000,
  );
  return {
    clock,
    outcome: async (proofs: string | readonly string[], request: ProvedRequest): Promise<string> =>
      verify([proofs].flat(), request).catch((cause: unknown) => {
        if (cause instanceof Fault) return cause.reason ?? cause.code;
        throw cause;
      }),
  };
}

let made = 0;

/** A proof that is right but for what is given over it; undefined removes. */
export function proofOf(
  signer: Signer,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const { kid: _kid, ...jwk } = signer.publicJwk;
  made += 1;
  return signJws(
    signer,
    { jti: `jti-${made}`, ...claims },
    { typ: 'dpop+jwt', kid: undefined, jwk, ...header },
  );
}

export const athOf = (token: string): string => hash('sha256', token, 'base64url');
