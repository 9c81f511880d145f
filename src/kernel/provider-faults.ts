import type { FaultKind } from './fault-kind.js';

/** What a credential provider may do instead of minting. */
export const providerFaults = {
  'provider.unavailable': {
    status: 503,
    title: 'The credential provider cannot be reached',
    retry: true,
    remedy: 'Retry; nothing was handed over, and whatever may have been minted is being revoked.',
  },
  'provider.timeout': {
    status: 504,
    title: 'The credential provider did not answer in time',
    retry: true,
    remedy: 'Retry; nothing was handed over, and whatever may have been minted is being revoked.',
  },
  'provider.throttled': {
    status: 503,
    title: 'The credential provider is throttling',
    retry: true,
    remedy: 'Retry after a while.',
  },
  'provider.full': {
    status: 429,
    title: 'The credential provider has no room for another lease',
    retry: true,
    remedy:
      'Wait for "Retry-After" seconds; leases have to end first. An operator can add roles to the catalog entry.',
  },
  'provider.refused': {
    status: 502,
    title: 'The credential provider refused',
    retry: false,
    remedy: 'An operator should check the rights of the broker at the provider; the log has its answer.',
  },
  'provider.nonsense': {
    status: 502,
    title: 'The credential provider answered something that is not a credential',
    retry: true,
    remedy: 'Retry; if it lasts, an operator should check what answers at the address of the provider.',
  },
} as const satisfies Record<string, FaultKind>;
