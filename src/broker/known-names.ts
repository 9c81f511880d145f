import { Fault } from '../kernel/fault.js';
import type { Scope } from '../revocation/withdrawal.js';
import type { Ports } from './ports.js';
import { leasesIn } from './reach.js';
import { approvalsIn } from './take-back-approvals.js';

type Closed = 'provider' | 'entry' | 'issuer' | 'owner';

const words: Record<Closed, { readonly field: string; readonly what: string }> = {
  provider: { field: 'provider', what: 'provider' },
  entry: { field: 'credential', what: 'catalog entry' },
  issuer: { field: 'issuer', what: 'issuer or trust domain' },
  owner: { field: 'owner', what: 'owner of agents' },
};

const mostNamed = 12;
const agentsAtOnce = 250;

/**
 * A slip in a name would stop nothing, and look as if it had: throws `request.malformed` for a name that neither the
 * settings have, nor an agent that was seen, nor a block, nor anything live. What the settings have is not looked up, so
 * that no kill switch waits for it. Agents are an open set; tasks are for `findTask`.
 */
export async function requireKnown(ports: Ports, scope: Scope): Promise<void> {
  const { of, name } = scope;
  if (!isClosed(of)) return;
  const names = settled(ports, of);
  if (names === undefined || names.has(name)) return;
  if ((await isBlocked(ports, scope)) || (await wasSeen(ports, of, name)) || (await isReached(ports, scope)))
    return;
  const { field, what } = words[of];
  const there = [...names].toSorted();
  const few = there.length > 0 && there.length <= mostNamed ? `; there are: ${there.join(', ')}` : '';
  throw new Fault('request.malformed', `Nothing would be stopped: there is no ${what} of this name${few}.`, {
    errors: [{ pointer: `/${field}`, detail: 'neither in the settings nor of anything live' }],
  });
}

const isClosed = (of: Scope['of']): of is Closed => Object.hasOwn(words, of);

/** The names of the settings; undefined: any may be. */
function settled({ providers, policy, inventory }: Ports, of: Closed): ReadonlySet<string> | undefined {
  const sets = {
    provider: () => new Set(providers.keys()),
    entry: () => new Set(policy().catalog.keys()),
    issuer: () => inventory.issuers,
    owner: () => new Set([...inventory.agents.values()].flatMap(({ owner }) => owner ?? [])),
  };
  return sets[of]();
}

const isBlocked = async ({ ledger }: Ports, { of, name }: Scope): Promise<boolean> =>
  (await ledger.withdrawals.blocks()).some(({ scope }) => scope.of === of && scope.name === name);

/** Whether an agent came with a token of this issuer, or was of this owner when it last asked. */
async function wasSeen({ ledger }: Ports, of: Closed, name: string): Promise<boolean> {
  if (of !== 'issuer' && of !== 'owner') return false;
  const ids = await ledger.agents.ids();
  for (let from = 0; from < ids.length; from += agentsAtOnce) {
    const seen = await ledger.agents.find(ids.slice(from, from + agentsAtOnce));
    if (seen.some((agent) => agent?.[of] === name)) return true;
  }
  return false;
}

/** By a lease that is not over, or an approval that may still be used. */
async function isReached(ports: Ports, scope: Scope): Promise<boolean> {
  for await (const _lease of leasesIn(ports, scope)) return true;
  for await (const _approval of approvalsIn(ports, scope)) return true;
  return false;
}
