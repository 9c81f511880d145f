import type { Ports } from './ports.js';
import { beginRevocation } from './revoke-many.js';

/** Every process sees it at about the same time. */
const onceMs = 30_000;

/** WID-07: with the keys of an issuer all is invalid that they proved, and so are the leases that were issued on it. */
export async function revokeOfEmptied(ports: Pick<Ports, 'ledger' | 'log'>, issuer: string): Promise<void> {
  const begun = await beginRevocation(ports, 'broker', {
    scope: { of: 'issuer', name: issuer },
    reason: 'the issuer publishes no keys any more',
    cause: 'context_changed',
    block: false,
    once: { name: `emptied:${issuer}`, forMs: onceMs },
  });
  if (begun)
    ports.log.error(
      { issuer, revocation: begun.revocation.id },
      'an issuer publishes no keys; its leases go',
    );
}
