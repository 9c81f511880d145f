import { Fault, faultCode } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Issued, Order, Provider } from '../issuance/provider.js';
import { isOver } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import { withinMs } from './deadline.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';

/** After these nobody knows whether the provider has made it, or still will. */
const unsure: ReadonlySet<FaultCode> = new Set(['provider.timeout', 'provider.unavailable', 'internal']);

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
    const settled = !unsure.has(faultCode(error));
    if (!settled)
      issuing.then(
        () => madeLate(ports, provider, lease),
        () => {}, // the ledger comes to it when minting must be over
      );
    return takeBack(ports, lease, await reasonFor(ports, lease, error), settled);
  }
}

/** Where the lease was revoked meanwhile, its provider failed because of that, and there is nothing wrong with it. */
async function reasonFor(ports: Ports, { id }: Lease, error: unknown): Promise<unknown> {
  const lease = await ports.ledger.leases.find(id).catch(() => undefined);
  return lease === undefined || lease.state === 'reserved' ? error : endedWhileMinting(error);
}

export const endedWhileMinting = (cause?: unknown): Fault =>
  new Fault('task.ended', 'The task ended while its credential was being minted.', { cause });

/**
 * A slow provider has made it after all, and nobody waits for it. From now on its revocation can be final; where that
 * was final already, because minting had to be over, this process alone knows of it and takes it back.
 */
async function madeLate(ports: Ports, provider: Provider, lease: Lease): Promise<void> {
  try {
    await ports.ledger.leases.abandon(lease.id, 'provider.timeout', true);
    await dispatchDue(ports, lease.provider);
    const found = await ports.ledger.leases.find(lease.id);
    if (found && isOver(found.state)) await provider.revoke(found.handle);
  } catch (cause) {
    ports.log.error(
      { lease: lease.id, provider: lease.provider, err: cause },
      'a credential was made too late, and taking it back is not certain',
    );
  }
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
