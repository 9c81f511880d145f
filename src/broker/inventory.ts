import { provedAt } from '../identity/principal.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { SeenAs } from '../ledger/agent-ledger.js';
import type { Task } from '../task/task.js';
import type { Ports } from './ports.js';

/** The agents that the settings know, and whom tokens are taken from. */
export interface Inventory {
  readonly agents: ReadonlyMap<
    string,
    { readonly owner?: string | undefined; readonly purpose?: string | undefined }
  >;
  /** Whether an agent that nobody answers for gets nothing. */
  readonly ownersNeeded: boolean;
  /** Issuers and trust domains; undefined: any that `identify` takes. */
  readonly issuers?: ReadonlySet<string>;
}

/** What the broker asks for itself, as its canary does, it answers for itself. */
export const isOurOwn = (agent: string): boolean => agent.startsWith('protem:');

export const ownerOf = ({ agents }: Inventory, agent: string): string => agents.get(agent)?.owner ?? '';

export const ownedBy = ({ agents }: Inventory, owner: string): string[] =>
  [...agents].filter(([, agent]) => agent.owner === owner).map(([id]) => id);

export const isOwnerless = (inventory: Inventory, agent: string): boolean =>
  inventory.ownersNeeded && ownerOf(inventory, agent) === '' && !isOurOwn(agent);

/** As the ledger remembers an agent that asks. */
export const seenAs = (
  { inventory, ledger }: Pick<Ports, 'inventory' | 'ledger'>,
  principal: Principal,
): SeenAs => ({
  issuer: principal.issuer,
  owner: ownerOf(inventory, principal.id),
  provedAt: provedAt(principal, ledger.clock()),
});

/**
 * DEL-06, OPS-01: authority that was handed on is no more than those above still have. Throws `agent.ownerless`, and
 * `delegation.unproven` where tokens of the issuer of one of them are not taken any more.
 */
export function requireStanding(
  { inventory }: Pick<Ports, 'inventory'>,
  { actors }: Pick<Task, 'actors'>,
): void {
  const fallen = fallenAbove(inventory, actors);
  if (fallen === 'agent.ownerless')
    throw new Fault(
      fallen,
      'Nobody answers for an agent that delegated this task, so it gets no credentials.',
    );
  if (fallen) throw new Fault(fallen, 'An agent that delegated this task could not prove itself any more.');
}

/** What stands against a task because of those above it. */
export function fallenAbove(
  inventory: Inventory,
  actors: Task['actors'] = [],
): 'agent.ownerless' | 'delegation.unproven' | undefined {
  if (actors.some(({ id }) => isOwnerless(inventory, id))) return 'agent.ownerless';
  const untrusted = actors.some(({ issuer }) => inventory.issuers?.has(issuer) === false);
  return untrusted ? 'delegation.unproven' : undefined;
}

/** OPS-01. Throws `agent.ownerless`. */
export function requireOwner({ inventory }: Pick<Ports, 'inventory'>, agent: string): void {
  if (isOwnerless(inventory, agent))
    throw new Fault('agent.ownerless', 'Nobody answers for this agent, so it gets no credentials.');
}
