import { Fault, faultCode } from '../kernel/fault.js';
import { optional } from '../kernel/present.js';
import { isOver, latestEndOf } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import { settle } from '../revocation/settlement.js';
import type { Attempt } from '../revocation/settlement.js';
import { HeldBack } from './breaker.js';
import { withinMs } from './deadline.js';
import type { Ports } from './ports.js';

type RevokePorts = Pick<Ports, 'ledger' | 'providers' | 'breakers' | 'meter' | 'log' | 'limits'>;

/** One attempt to take one lease back at its provider, and what the lease becomes by it. Safe to run twice at once. */
export async function revoke(ports: RevokePorts, leaseId: string): Promise<void> {
  const lease = await ports.ledger.leases.find(leaseId);
  if (!lease || isOver(lease.state) || lease.state === 'reserved' || lease.state === 'active') return;
  const mayHaveMissed = lease.mintUntil !== undefined && ports.ledger.clock() < lease.mintUntil;
  const attempt = await attemptRevoke(ports, lease);
  const settlement = settle(attempt, lease, ports.ledger.clock());
  const settled = await ports.ledger.leases.settle(
    leaseId,
    settlement.is === 'revoked' && mayHaveMissed ? { ...settlement, mayHaveMissed } : settlement,
  );
  if (settled) measure(ports, settled, attempt, lease.writtenAt === undefined);
}

function measure({ meter }: RevokePorts, lease: Lease, attempt: Attempt, isFirstDeny: boolean): void {
  const { provider, cause = 'expiry', writtenAt, revocationRequestedAt: requestedAt } = lease;
  if (attempt.is === 'written' && isFirstDeny && writtenAt !== undefined && requestedAt !== undefined)
    meter.denied(provider, Math.max(0, writtenAt - requestedAt) / 1000);
  if (lease.state === 'revoked' && writtenAt !== undefined && lease.endedAt !== undefined)
    meter.confirmed(provider, Math.max(0, lease.endedAt - writtenAt) / 1000);
  if (lease.state === 'revoked' || lease.state === 'expired') {
    const { endedAt = 0, revocationRequestedAt = endedAt } = lease;
    meter.revoked(provider, cause, lease.state, (endedAt - revocationRequestedAt) / 1000);
  } else if (attempt.is === 'failed')
    meter.revoked(provider, cause, lease.state === 'stuck' ? 'stuck' : 'failed');
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
    // Leases that are taken back by one act fail together, and nobody else with them.
    const group = provider.enrolment?.(lease.handle)?.groups[0];
    const part = group === undefined ? provider.name : `${provider.name} ${group}`;
    const { writtenAt, mintUntil, revocationRequestedAt } = lease;
    const ending = optional({ expiresAt: latestEndOf(lease), writtenAt, mintUntil, revocationRequestedAt });
    return await ports.breakers.revoking.run(part, () =>
      withinMs(ports.limits.revokeTimeoutMs, provider.revoke(lease.handle, ending)),
    );
  } catch (error) {
    if (error instanceof HeldBack) return { is: 'held', againInMs: error.againInMs };
    const fault = faultCode(error);
    ports.log.warn(
      { lease: lease.id, provider: lease.provider, fault, err: error },
      'revoking failed; it is retried',
    );
    const wait = error instanceof Fault ? error.retryAfterSeconds : undefined;
    return { is: 'failed', fault, ...(wait !== undefined && { retryAfterSeconds: wait }) };
  }
}
