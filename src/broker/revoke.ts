import { Fault } from '../kernel/fault.js';
import { isOver } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import { settle } from '../revocation/settlement.js';
import type { Attempt } from '../revocation/settlement.js';
import { withinMs } from './deadline.js';
import type { Ports } from './ports.js';

type RevokePorts = Pick<Ports, 'ledger' | 'providers' | 'meter' | 'log' | 'limits'>;

/** One attempt to take one lease back at its provider, and what the lease becomes by it. Safe to run twice at once. */
export async function revoke(ports: RevokePorts, leaseId: string): Promise<void> {
  const lease = await ports.ledger.leases.find(leaseId);
  if (!lease || isOver(lease.state) || lease.state === 'reserved' || lease.state === 'active') return;
  const attempt = await attemptRevoke(ports, lease);
  const settled = await ports.ledger.leases.settle(leaseId, settle(attempt, lease, ports.ledger.clock()));
  if (settled?.endedAt !== undefined) {
    const lagSeconds = (settled.endedAt - (settled.revocationRequestedAt ?? settled.endedAt)) / 1000;
    ports.meter.revoked(lease.provider, lease.cause ?? 'expiry', settled.state, lagSeconds);
  } else if (attempt.is === 'failed') {
    ports.meter.revoked(lease.provider, lease.cause ?? 'expiry', 'failed', 0);
  }
}

async function attemptRevoke(ports: RevokePorts, lease: Lease): Promise<Attempt> {
  const provider = ports.providers.get(lease.provider);
  if (!provider) {
    ports.log.error(
      { lease: lease.id, provider: lease.provider },
      'a lease belongs to a provider that is not configured',
    );
    return { is: 'failed', fault: 'provider.unavailable' };
  }
  try {
    return await withinMs(ports.limits.revokeTimeoutMs, provider.revoke(lease.handle));
  } catch (error) {
    const fault = error instanceof Fault ? error.code : 'internal';
    ports.log.warn(
      { lease: lease.id, provider: lease.provider, fault, err: error },
      'revoking failed; it is retried',
    );
    return { is: 'failed', fault };
  }
}
