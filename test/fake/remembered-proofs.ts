import type { ProofStore } from '../../src/identity/dpop/proof-store.js';

/** Proofs as one process remembers them, for ever, without nonces; test/ledger/proofs.test.ts has the real store. */
export function rememberedProofs(): ProofStore {
  const seen = new Set<string>();
  return {
    async see({ jti, thumbprint }) {
      const name = `${thumbprint} ${jti}`;
      const isFirst = !seen.has(name);
      seen.add(name);
      return { nonceHolds: true, nonce: undefined, isFirst };
    },
  };
}
