import { faultCode } from '../kernel/fault.js';
import type { Issued, Order, Provider } from '../issuance/provider.js';
import type { Lease } from '../lease/lease.js';
import { withinMs } from './deadline.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';

/** The provider makes it; when it does not, whatever it may have made is taken back, and nobody receives it. */
export async function mint(ports: Ports, provider: Provider, order: Order, lease: Lease): Promise<Issued> {
  const issuing = provider.issue(order, lease.handle, (better) => ports.ledger.leases.learn(lease, better));
  try {
    return await withinMs(ports.limits.mintTimeoutMs, issuing);
  } catch (error) {
    const late = faultCode(error) === 'provider.timeout';
    if (late)
      void issuing.then(
        () => settledLate(ports, lease),
        () => settledLate(ports, lease),
      );
    return takeBack(ports, lease, error, !late);
  }
}

/** A slow provider has answered after all, and nobody waits for it: from now on the revocation can be final. */
async function settledLate(ports: Ports, lease: Lease): Promise<void> {
  await ports.ledger.leases.abandon(lease.id, 'provider.timeout', true).catch(() => {});
  await dispatchDue(ports, lease.provider);
}

/**
 * A credential may exist that nobody will receive: it is due for revocation now. When even that cannot be written, the
 * ledger still knows the reservation and will come to it; until then one direct attempt is better than none.
 */
export async function takeBack(ports: Ports, lease: Lease, error: unknown, settled = true): Promise<never> {
  try {
    await ports.ledger.leases.abandon(lease.id, faultCode(error), settled);
    await dispatchDue(ports, lease.provider);
  } catch (cause) {
    ports.log.error(
      { lease: lease.id, err: cause },
      'a lease could not be marked for revocation; revoking it directly',
    );
    const provider = ports.providers.get(lease.provider);
    await provider?.revoke(lease.handle).catch(() => {});
  }
  throw error;
}
