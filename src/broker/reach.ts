import { isOver } from '../lease/lease.js';
import type { Lease } from '../lease/lease.js';
import type { Scope } from '../revocation/withdrawal.js';
import { ownerOf } from './inventory.js';
import type { Ports } from './ports.js';

type ReachPorts = Pick<Ports, 'ledger' | 'inventory'>;

/** What a scope may reach: a lease, or what may become one. */
export interface Reachable {
  readonly agent: string;
  /** Whose delegation led to its task. */
  readonly actors?: readonly string[] | undefined;
  /** Of those, as far as it says itself; of the others the ledger remembers where they were seen. */
  readonly issuers?: readonly string[] | undefined;
  readonly taskId?: string | undefined;
  readonly provider?: string | undefined;
  readonly entry?: string | undefined;
}

/** Whom it hangs from: its agent, and everyone whose delegation led to its task. */
const standingBehind = ({ agent, actors = [] }: Reachable): string[] => [agent, ...actors];

/** Tells which of these a scope reaches. Issuers of agents are remembered for as long as it is kept. */
export function reachOf(
  { ledger, inventory }: ReachPorts,
  { of, name }: Scope,
): <Each extends Reachable>(these: readonly Each[]) => Promise<readonly Each[]> {
  const issuers = new Map<string, string>();
  let tree: Promise<ReadonlySet<string>> | undefined;
  const tasks = () => (tree ??= ledger.tasks.below(name).then((below) => new Set([name, ...below])));
  async function learnIssuers(these: readonly Reachable[]): Promise<void> {
    const ids = [...new Set(these.flatMap(standingBehind))].filter((id) => !issuers.has(id));
    const seen = await ledger.agents.find(ids);
    for (const [index, id] of ids.entries()) issuers.set(id, seen[index]?.issuer ?? '');
  }
  const holds: Record<Scope['of'], (each: Reachable) => boolean> = {
    all: () => true,
    agent: (each) => standingBehind(each).includes(name),
    owner: (each) => standingBehind(each).some((id) => ownerOf(inventory, id) === name),
    issuer: (each) =>
      each.issuers?.includes(name) === true || standingBehind(each).some((id) => issuers.get(id) === name),
    provider: ({ provider }) => provider === name,
    entry: ({ entry }) => entry === name,
    task: () => true,
  };
  return async (these) => {
    if (of === 'issuer') await learnIssuers(these);
    if (of === 'task') {
      const below = await tasks();
      return these.filter(({ taskId }) => taskId !== undefined && below.has(taskId));
    }
    return these.filter(holds[of]);
  };
}

/** Providers that have leases which a scope may reach. */
export async function providersIn({ ledger }: ReachPorts, { of, name }: Scope): Promise<readonly string[]> {
  const providers = await ledger.leases.providers();
  return of === 'provider' ? providers.filter((provider) => provider === name) : providers;
}

/** Leases in it that are not over; one may come twice. */
export async function* leasesIn(ports: ReachPorts, scope: Scope): AsyncGenerator<Lease> {
  const reach = reachOf(ports, scope);
  for (const provider of await providersIn(ports, scope)) {
    let cursor = '0';
    do {
      const { leases, next } = await ports.ledger.withdrawals.live(provider, cursor);
      yield* (await reach(leases)).filter(({ state }) => !isOver(state));
      cursor = next;
    } while (cursor !== '0');
  }
}
