import type { Approval } from '../approval/approval.js';
import { faultCode } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import type { Principal } from '../identity/principal.js';
import type { Lease } from '../lease/lease.js';
import type { ProvenFacts } from '../ledger/agent-ledger.js';
import type { CatalogEntry } from '../policy/catalog.js';
import { decideForAll } from '../policy/decide-for-all.js';
import type { Ask, Policy } from '../policy/decision.js';
import { mustBeInScope } from '../policy/narrow.js';
import { parseParameters } from '../policy/parameters.js';
import type { Task } from '../task/task.js';
import { toolFactsOf } from './decide.js';
import { lifeSeconds } from './decide-renewal.js';
import { fallenAbove, isOurOwn, isOwnerless } from './inventory.js';
import { unknownOf } from './obligations.js';
import type { Ports } from './ports.js';
import { isStillEnough } from './still-enough.js';

/** What is known of a live lease beside its record: what its agent last proved for its task, and its risk by now. */
export interface Known {
  readonly task: Task;
  readonly proven: ProvenFacts;
  readonly risk: number;
  /** The one that the lease names, as it stands now. */
  readonly approval?: Approval | undefined;
}

/**
 * POL-06: asks about a live lease what would be asked about a request for it now, with the whole of its life. Why it
 * would not be issued any more, with the policies that decided; undefined when it would.
 */
export function whyNoLonger(
  ports: Pick<Ports, 'inventory' | 'policy' | 'limits' | 'meter'>,
  lease: Lease,
  known: Known,
): string | undefined {
  const { issuer } = known.proven;
  if (!lease.breakGlass && isOwnerless(ports.inventory, lease.agent)) return 'agent.ownerless';
  if (ports.inventory.issuers?.has(issuer) === false && !isOurOwn(lease.agent) && issuer !== '')
    return 'identity.unproven: its issuer is not trusted any more';
  const fallen = fallenAbove(ports.inventory, known.task.actors);
  if (fallen) return `${fallen}: of those who delegated its task`;
  const policy = ports.policy();
  const entry = policy.catalog.get(lease.entry);
  if (!entry) return 'credential.unknown';
  if (entry.provider !== lease.provider) return 'credential.unknown: the entry is of another provider';
  let ask: Ask;
  try {
    if (known.task.scope)
      mustBeInScope(known.task.scope, { entry, parameters: lease.parameters, tool: lease.tool });
    ask = askOf(policy, lease, entry, known);
  } catch (error) {
    return faultCode(error);
  }
  const decision = decideForAll(policy, ask);
  const because = decision.because.join(', ');
  // What had to be done at the handing over was done, or not asked for then; what nobody here knows, nobody does.
  const unknown = decision.is === 'permit' ? unknownOf(decision.obligations) : undefined;
  if (unknown) return `obligation.unknown: ${unknown.policy}`;
  if (decision.is === 'permit' && known.approval && ask.approved) {
    const { approved: _approved, ...unapproved } = ask;
    if (!isStillEnough(policy, ports.limits, ask, known.approval))
      return `approval.required: ${decideForAll(policy, unapproved).because.join(', ')}`;
  }
  if (decision.is === 'permit')
    return decision.permit.ttlSeconds >= ask.ttlSeconds ? undefined : `ttl.invalid: ${because}`;
  ports.meter.decided(decision.is);
  if (decision.is === 'ask') return `approval.required: ${because}`;
  return decision.errors.length > 0 ? `policy.error: ${because}` : `policy.denied: ${because}`;
}

function askOf(
  policy: Policy,
  lease: Lease,
  entry: CatalogEntry,
  { task, proven, risk, approval }: Known,
): Ask {
  return present({
    principal: provenAs(lease, proven),
    task,
    entry,
    parameters: parseParameters(entry, lease.parameters),
    // A renewal that was permitted before the change, and is still under way, is judged as if it were done.
    ttlSeconds: lifeSeconds(lease, Math.max(lease.expiresAt, lease.renewingTo ?? 0)),
    renewals: (lease.renewals ?? 0) + (lease.renewingTo === undefined ? 0 : 1),
    risk,
    tool: lease.tool,
    // How it was handed over is past: nothing is taken back for that.
    encrypted: true,
    toolFacts: toolFactsOf(policy, lease.tool),
    ofStep: lease.step === undefined ? undefined : (true as const),
    action: lease.breakGlass && ('breakGlass' as const),
    // One that was taken back, or is gone, lifts nothing.
    approved: approval?.state === 'used' ? (true as const) : undefined,
    asserted: lease.reason === undefined ? {} : { reason: lease.reason },
  });
}

const provenAs = ({ agent, breakGlass }: Lease, proven: ProvenFacts): Principal => ({
  id: agent,
  kind: breakGlass ? 'operator' : 'agent',
  roles: [],
  proofExpiresAt: Number.MAX_SAFE_INTEGER,
  // What was issued is not taken back because its proof has grown old since.
  proofIssuedAt: Number.MAX_SAFE_INTEGER,
  ...proven,
});
