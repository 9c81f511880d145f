import type { Principal } from '../identity/principal.js';
import type { Lease } from '../lease/lease.js';
import type { Scope } from '../revocation/withdrawal.js';
import { requireRole } from './authorize.js';
import type { BlastRadius } from './broker.js';
import { requireKnown } from './known-names.js';
import type { Ports } from './ports.js';
import { leasesIn } from './reach.js';
import { approvalsIn } from './take-back-approvals.js';
import { findTask } from './tasks.js';

const sampleSize = 50;

/** Counts every lease that is not over, in pieces of a few hundred: a hundred thousand hold nobody up. */
export async function blastRadius(ports: Ports, principal: Principal, scope: Scope): Promise<BlastRadius> {
  requireRole(principal, 'admin');
  if (scope.of === 'task') await findTask(ports, principal, scope.name);
  await requireKnown(ports, scope);
  const seen = new Set<string>();
  const sample: Lease[] = [];
  const [byProvider, byEntry, byAgent, byEffect] = [tally(), tally(), tally(), tally()];
  for await (const lease of leasesIn(ports, scope)) {
    // A scan may show one twice.
    if (seen.has(lease.id)) continue;
    seen.add(lease.id);
    byProvider.count(lease.provider);
    byEntry.count(lease.entry);
    byAgent.count(lease.agent);
    byEffect.count(lease.effect);
    if (sample.length < sampleSize) sample.push(lease);
  }
  let approvals = 0;
  for await (const _approval of approvalsIn(ports, scope)) approvals++;
  return {
    total: seen.size,
    byProvider: byProvider.counts(),
    byEntry: byEntry.counts(),
    byAgent: byAgent.counts(),
    byEffect: byEffect.counts(),
    leases: sample,
    approvals,
  };
}

function tally() {
  const counted = new Map<string, number>();
  return {
    count: (name: string) => void counted.set(name, (counted.get(name) ?? 0) + 1),
    counts: (): Record<string, number> => Object.fromEntries(counted),
  };
}
