import { isOver } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import type { Scope } from '../revocation/withdrawal.js';
import { ownerOf } from './inventory.js';
import type { Ports } from './ports.js';

type ReachPorts = Pick<Ports, 'ledger' | 'inventory'>;

/** Whom a lease hangs from: its agent, and everyone whose delegation led to its task. */
const standingBehind = ({ agent, actors = [] }: Lease): string[] => [agent, ...actors];

/** Tells which of some leases a scope reaches. Issuers of agents are remembered for as long as it is kept. */
export function reachOf(
  { ledger, inventory }: ReachPorts,
  { of, name }: Scope,
): (leases: readonly Lease[]) => Promise<readonly Lease[]> {
  const issuers = new Map<string, string>();
  let tree: Promise<ReadonlySet<string>> | undefined;
  const tasks = () => (tree ??= ledger.tasks.below(name).then((below) => new Set([name, ...below])));
  async function learnIssuers(leases: readonly Lease[]): Promise<void> {
    const ids = [...new Set(leases.flatMap(standingBehind))].filter((id) => !issuers.has(id));
    const seen = await ledger.agents.find(ids);
    for (const [index, id] of ids.entries()) issuers.set(id, seen[index]?.issuer ?? '');
  }
  const holds: Record<Scope['of'], (lease: Lease) => boolean> = {
    all: () => true,
    agent: (lease) => standingBehind(lease).includes(name),
    owner: (lease) => standingBehind(lease).some((id) => ownerOf(inventory, id) === name),
    issuer: (lease) => standingBehind(lease).some((id) => issuers.get(id) === name),
    provider: ({ provider }) => provider === name,
    entry: ({ entry }) => entry === name,
    task: () => true,
  };
  return async (leases) => {
    if (of === 'issuer') await learnIssuers(leases);
    if (of === 'task') {
      const below = await tasks();
      return leases.filter((lease) => !isOver(lease.state) && below.has(lease.taskId));
    }
    return leases.filter((lease) => !isOver(lease.state) && holds[of](lease));
  };
}

/** Providers that have leases which a scope may reach. */
export async function providersIn({ ledger }: ReachPorts, { of, name }: Scope): Promise<readonly string[]> {
  const providers = await ledger.leases.providers();
  return of === 'provider' ? providers.filter((provider) => provider === name) : providers;
}
