import type { VaultFault } from '../../../../src/sandbox/vault/fault.js';
import type { Breakage } from '../../../contract/provider.js';

export const upstreamText = 'the backend speaks of its inner life';

/** How Vault, or what stands before it, misbehaves for each breakage of the contract. */
export const faultOf: Record<Breakage, VaultFault> = {
  gone: { kind: 'reset' },
  failing: { kind: 'error', text: upstreamText },
  silent: { kind: 'hang' },
  refusing: { kind: 'forbidden', text: upstreamText },
  throttling: { kind: 'throttled', text: upstreamText },
  nonsense: { kind: 'nonsense' },
};
