import type { AskedFor, Decided as DecidedRecord } from '../audit/event.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import type { Lease } from '../lease/lease.js';
import type { CatalogEntry } from '../policy/catalog.js';
import type { Ask } from '../policy/decision.js';
import { mustBeInScope } from '../policy/narrow.js';
import { parseParameters } from '../policy/parameters.js';
import type { Permit } from '../policy/permit.js';
import { fillTemplate } from '../policy/template.js';
import { boundTtl } from '../policy/ttl.js';
import type { Task } from '../task/task.js';
import type { RenewalRequest } from './broker.js';
import { permitFor, riskBehind, toolFactsOf, ttlBounds } from './decide.js';
import type { Ports } from './ports.js';

/** A renewal that policy permits at this moment, with everything that follows from it. */
export interface DecidedRenewal {
  readonly entry: CatalogEntry;
  readonly scope: unknown;
  readonly askedSeconds: number;
  /** No end may be later, by any bound that is known here. */
  readonly limitAt: number;
  /** The lesser of the ceiling of the record and what policy gives now. */
  readonly ceilingAt: number;
  readonly permit: Permit;
  readonly ask: Ask;
  readonly asked: AskedFor;
  readonly record: DecidedRecord;
}

/**
 * Decides like a request for a credential, on the lease's own entry and parameters as the catalog in force has them.
 * Throws the Fault that the caller is to see.
 */
export function decideRenewal(
  ports: Ports,
  principal: Principal,
  task: Task,
  lease: Lease,
  request: RenewalRequest,
): DecidedRenewal {
  if (task.state !== 'open') throw new Fault('task.ended', 'The task has ended; nothing of it is renewed.');
  const policy = ports.policy();
  const entry = policy.catalog.get(lease.entry);
  if (!entry) throw new Fault('credential.unknown', 'The catalog entry of this lease is gone.');
  const parameters = parseParameters(entry, lease.parameters);
  if (task.scope) mustBeInScope(task.scope, { entry, parameters, tool: lease.tool });
  const reason = request.reason ?? lease.reason;
  const scope = fillTemplate(entry.mint, parameters);
  const bounds = ttlBounds(ports, principal, task, request, entry, scope);
  boundTtl(bounds);
  const askedSeconds = request.ttlSeconds ?? entry.defaultTtlSeconds;
  const within = limits(ports, principal, task, lease, entry);
  const ask: Ask = {
    principal,
    task,
    entry,
    parameters,
    ttlSeconds: lifeSeconds(lease, wantedEnd(ports, lease, request, askedSeconds, within.limitAt)),
    renewals: (lease.renewals ?? 0) + 1,
    risk: riskBehind(ports, principal, task),
    ...present({ tool: lease.tool, toolFacts: toolFactsOf(policy, lease.tool) }),
    ...(lease.step !== undefined && { ofStep: true }),
    encrypted: request.encryptTo !== undefined,
    asserted: reason === undefined ? {} : { reason },
  };
  const asked = {
    entry: entry.name,
    parameters,
    ttlSeconds: askedSeconds,
    ...(lease.tool !== undefined && { tool: lease.tool }),
    ...(reason !== undefined && { reason }),
  };
  const { decision, record } = permitFor(ports, policy, ask, asked);
  const policyEnd = lease.reservedAt + decision.permit.ttlSeconds * 1000;
  return {
    entry,
    scope,
    askedSeconds,
    limitAt: Math.min(within.limitAt, policyEnd),
    ceilingAt: Math.min(within.ceilingAt, policyEnd),
    permit: decision.permit,
    ask,
    record,
    asked,
  };
}

/** How long the lease would have lasted in all, in whole seconds, rounded against whoever asks. */
export const lifeSeconds = ({ reservedAt }: Lease, endsAt: number): number =>
  Math.max(1, Math.ceil((endsAt - reservedAt) / 1000));

function limits(ports: Ports, principal: Principal, task: Task, lease: Lease, entry: CatalogEntry) {
  const provider = ports.providers.get(lease.provider);
  const ceilingAt = Math.min(lease.ceilingAt, lease.reservedAt + entry.maximumTtlSeconds * 1000);
  const limitAt = Math.min(
    ceilingAt,
    task.deadlineAt,
    ports.limits.endWithProof ? principal.proofExpiresAt : Infinity,
    ports.ledger.clock() + (provider?.maximumTtlSeconds ?? Infinity) * 1000,
  );
  return { ceilingAt, limitAt };
}

/** A renewal that names no TTL never shortens. */
function wantedEnd(
  ports: Ports,
  lease: Lease,
  request: RenewalRequest,
  askedSeconds: number,
  limitAt: number,
): number {
  const end = Math.min(ports.ledger.clock() + askedSeconds * 1000, limitAt);
  return request.ttlSeconds === undefined ? Math.max(end, lease.expiresAt) : end;
}
