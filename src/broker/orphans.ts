import type { Found, Provider } from '../issuance/provider.js';
import { withinMs } from './deadline.js';
import type { Ports } from './ports.js';

type OrphanPorts = Pick<Ports, 'ledger' | 'installation' | 'limits' | 'log' | 'meter'>;

const batchSize = 100;

/** What is younger may be a lease that is on its way. */
export const onItsWayMs = ({ mintTimeoutMs }: Ports['limits']): number => mintTimeoutMs * 2 + 60_000;

/**
 * Looks through what the provider has under the name of this installation, and takes back what the ledger does not
 * know, or knows to be over. What is younger than a lease can be on its way is left for the next time. Returns how many.
 */
export async function takeBackOrphans(
  ports: OrphanPorts,
  provider: Provider,
  signal: AbortSignal,
  olderThanMs = onItsWayMs(ports.limits),
): Promise<number> {
  let taken = 0;
  const batch: Found[] = [];
  const judge = async () => {
    const found = batch.splice(0);
    const stands = await ports.ledger.leases.stand(found.map(({ leaseId }) => leaseId));
    for (const [index, orphan] of found.entries()) {
      const stand = stands[index]!;
      const isOld = orphan.madeAt + olderThanMs <= ports.ledger.clock();
      if (stand !== 'live' && isOld && (await takeBackOne(ports, provider, orphan, stand))) taken++;
    }
  };
  for await (const found of provider.scan?.(ports.installation, signal) ?? []) {
    batch.push(found);
    if (batch.length === batchSize) await judge();
  }
  if (batch.length > 0) await judge();
  return taken;
}

async function takeBackOne(
  ports: OrphanPorts,
  provider: Provider,
  { leaseId, handle, madeAt }: Found,
  stand: 'over' | 'quarantined' | 'unknown',
): Promise<boolean> {
  const facts = { lease: leaseId, provider: provider.name, stand };
  try {
    const { is } = await withinMs(ports.limits.revokeTimeoutMs, provider.revoke(handle));
    if (is !== 'revoked') return false;
  } catch (error) {
    ports.log.warn(
      { ...facts, err: error },
      'an orphan could not be taken back; it is tried at the next scan',
    );
    return false;
  }
  ports.log.warn(facts, 'an orphan was taken back');
  ports.meter.orphan(provider.name);
  const task = `tsk_${leaseId.slice(4, 12)}`;
  await ports.ledger.log.record({ type: 'orphan.revoked', ...facts, task, madeAt });
  return true;
}
