import { Fault, faultCode } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Order, Provider, Renewed } from '../issuance/provider.js';
import { isOver } from '../lease/lease.js';
import type { BegunRenewal } from '../ledger/renewal-ledger.js';
import { withinMs } from './deadline.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';

/** A provider that can renew. */
export type Renewing = Provider & Required<Pick<Provider, 'renew'>>;

/** After these nobody knows whether the provider has renewed, or still will. */
const unsure: ReadonlySet<FaultCode> = new Set(['provider.timeout', 'provider.unavailable', 'internal']);

/** The clocks of provider, broker and ledger may differ by that much; what is later is no matter of clocks. */
const clockSkewMs = 60_000;
/** An end that is no number is as far away as one can write it: 9999-12-31T23:59:59Z. */
const neverMs = 253_402_300_799_000;

/**
 * The provider carries the credential on. When it does not, the lease is what it was; when it gave a longer life than it
 * was asked for, the lease is revoked, because nothing may outlive what was decided.
 */
export async function carryOn(
  ports: Ports,
  provider: Renewing,
  order: Order,
  begun: BegunRenewal,
): Promise<Renewed> {
  const renewing = provider.renew(order, begun.lease.handle);
  let renewed: Renewed;
  try {
    renewed = await withinMs(ports.limits.mintTimeoutMs, renewing);
  } catch (error) {
    const settled = !unsure.has(faultCode(error));
    if (!settled)
      renewing.then(
        () => endInVain(ports, provider, begun),
        () => {}, // the ledger comes to it when renewing must be over
      );
    await failed(ports, begun, faultCode(error), { settled });
    throw error;
  }
  if (renewed.expiresAt <= ports.ledger.clock() + order.ttlSeconds * 1000 + clockSkewMs) return renewed;
  const expiresAt = Number.isFinite(renewed.expiresAt) ? renewed.expiresAt : neverMs;
  await failed(ports, begun, 'provider.nonsense', { settled: true, takeBack: { expiresAt } });
  await dispatchDue(ports, provider.name);
  throw new Fault('provider.nonsense', 'The provider gave the credential a longer life than was asked for.', {
    reason: `asked for ${order.ttlSeconds} s, until ${begun.endsAt}; was told ${renewed.expiresAt}`,
  });
}

/** When even that cannot be written, the ledger takes the renewal for over when it must be. */
export async function failed(
  ports: Ports,
  begun: BegunRenewal,
  fault: FaultCode,
  how: { readonly settled: boolean; readonly takeBack?: { readonly expiresAt: number } },
): Promise<void> {
  await ports.ledger.renewals.fail(begun, fault, how).catch((error: unknown) => {
    ports.log.error(
      { lease: begun.lease.id, err: error },
      'the failure of a renewal could not be written down',
    );
  });
}

/**
 * The provider has renewed what nobody will be told of. From now on a revocation can be final; where one was final
 * already, this process alone knows that something may have been made after it, and takes it back.
 */
export async function endInVain(ports: Ports, provider: Provider, begun: BegunRenewal): Promise<void> {
  try {
    await failed(ports, begun, 'provider.timeout', { settled: true });
    await dispatchDue(ports, provider.name);
    const found = await ports.ledger.leases.find(begun.lease.id);
    if (found && isOver(found.state)) await provider.revoke(found.handle);
  } catch (error) {
    ports.log.error(
      { lease: begun.lease.id, provider: provider.name, err: error },
      'a lease was renewed in vain, and taking it back is not certain',
    );
  }
}
