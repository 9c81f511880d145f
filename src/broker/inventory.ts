import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
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

export const isOwnerless = (inventory: Inventory, agent: string): boolean =>
  inventory.ownersNeeded && ownerOf(inventory, agent) === '' && !isOurOwn(agent);

/** As the ledger remembers an agent that asks. */
export const seenAs = (
  { inventory }: Pick<Ports, 'inventory'>,
  { id, issuer }: Principal,
): { issuer: string; owner: string } => ({ issuer, owner: ownerOf(inventory, id) });

/** OPS-01. Throws `agent.ownerless`. */
export function requireOwner({ inventory }: Pick<Ports, 'inventory'>, agent: string): void {
  if (isOwnerless(inventory, agent))
    throw new Fault('agent.ownerless', 'Nobody answers for this agent, so it gets no credentials.');
}
