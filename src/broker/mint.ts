import { faultCode } from '../kernel/fault.js';
import type { Issued, Order, Provider } from '../issuance/provider.js';
import type { Lease } from '../lease/lease.js';
import { withinMs } from './deadline.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';

/**
 * The provider makes it; when it does not, whatever it may have made is taken back, and nobody receives it. The lease
 * comes back with the handle that was learned meanwhile.
 */
export async function mint(
  ports: Ports,
  provider: Provider,
  order: Order,
  reserved: Lease,
): Promise<{ issued: Issued; lease: Lease }> {
  let lease = reserved;
  const issuing = provider.issue(order, lease.handle, async (better) => {
    lease = { ...lease, handle: better };
    await ports.ledger.leases.learn(reserved, better);
  });
  try {
    const issued = await withinMs(ports.limits.mintTimeoutMs, issuing);
    return { issued, lease };
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
 * A credential may exist that nobody will receive: it is due for revocation now. When even that cannot be written, it
 * is written as soon as it can be: the answer to an activation may have been lost, and then the ledger takes the lease
 * for one in use. Until then one direct attempt is better than none.
 */
export async function takeBack(ports: Ports, lease: Lease, error: unknown, settled = true): Promise<never> {
  const write = () => ports.ledger.leases.abandon(lease.id, faultCode(error), settled);
  try {
    await write();
    await dispatchDue(ports, lease.provider);
  } catch (cause) {
    ports.log.error(
      { lease: lease.id, err: cause },
      'a lease could not be marked for revocation; revoking it directly',
    );
    void keepTrying(ports, lease, write);
    const provider = ports.providers.get(lease.provider);
    if (provider) await withinMs(ports.limits.revokeTimeoutMs, provider.revoke(lease.handle)).catch(() => {});
  }
  throw error;
}

const againAfterMs = 500;

/** Until it is written, or the lease has ended by itself. It keeps no process from stopping. */
async function keepTrying(
  ports: Ports,
  { provider, expiresAt }: Lease,
  write: () => Promise<void>,
): Promise<void> {
  while (ports.ledger.clock() < expiresAt) {
    await new Promise((resolve) => setTimeout(resolve, againAfterMs).unref());
    const written = await write().then(
      () => true,
      () => false,
    );
    if (written) return void (await dispatchDue(ports, provider));
  }
}
