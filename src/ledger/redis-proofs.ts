import { hash, randomBytes } from 'node:crypto';
import type { ProofStore } from '../identity/dpop/proof-store.js';
import type { RunScript } from './script.js';

/** What the processes know together of proofs of possession; `nonceMs`: how long one nonce is handed out. */
export const redisProofs = (run: RunScript, nonceMs?: number): ProofStore => ({
  async see({ jti, thumbprint, keepMs, nonce = '' }) {
    const [holds, current, isFirst] = (await run(
      'see-proof',
      hash('sha256', `${thumbprint}\n${jti}`, 'base64url'),
      keepMs,
      nonceMs ?? 0,
      nonceMs === undefined ? '' : randomBytes(18).toString('base64url'),
      nonce,
    )) as [number, string, number];
    return { nonceHolds: holds === 1, nonce: current === '' ? undefined : current, isFirst: isFirst === 1 };
  },
});
