import type { AskedFor, Decided as DecidedRecord } from '../audit/event.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { newRequestId } from '../kernel/id.js';
import type { Ask, Decision, Policy } from '../policy/decision.js';
import type { CatalogEntry, ParameterValues } from '../policy/catalog.js';
import { parseParameters } from '../policy/parameters.js';
import type { Permit } from '../policy/permit.js';
import { fillTemplate } from '../policy/template.js';
import { boundTtl } from '../policy/ttl.js';
import type { Task } from '../task/task.js';
import type { CredentialRequest } from './broker.js';
import type { Ports } from './ports.js';

/** A request that policy permits, with everything that follows from it. */
export interface Decided {
  readonly principal: Principal;
  readonly task: Task;
  readonly request: CredentialRequest;
  readonly entry: CatalogEntry;
  readonly parameters: ParameterValues;
  readonly ttlSeconds: number;
  /** How long renewals may carry it in all: the permit's ceiling, within the entry's and the task's. */
  readonly ceilingSeconds: number;
  /** The provider's section of the entry, with the parameters filled in. */
  readonly scope: unknown;
  readonly permit: Permit;
  readonly ask: Ask;
  readonly asked: AskedFor;
  readonly record: DecidedRecord;
}

/** A refusal by policy, with the record of its decision for the audit. */
export class PolicyRefusal extends Fault {
  readonly record: DecidedRecord;

  constructor(
    code: 'policy.denied' | 'policy.error' | 'approval.required' | 'policy.changed',
    record: DecidedRecord,
  ) {
    super(code, sentences[code], { policies: record.because });
    this.record = record;
  }
}

const sentences = {
  'policy.denied': 'Policy does not permit this request.',
  'policy.error': 'Policy could not be evaluated for this request, so it is not permitted.',
  'approval.required': 'Policy permits this request only after a person has approved it.',
  'policy.changed': 'Policy changed while the credential was being minted, and no longer permits it.',
};

/** Checks, bounds and decides one request; throws the Fault that the caller is to see. */
export function decide(ports: Ports, principal: Principal, task: Task, request: CredentialRequest): Decided {
  if (task.state !== 'open')
    throw new Fault('task.ended', 'The task has ended; nothing more can be issued for it.');
  const policy = ports.policy();
  const entry = policy.catalog.get(request.credential);
  if (!entry) throw new Fault('credential.unknown', 'There is no catalog entry of this name.');
  const parameters = parseParameters(entry, request.parameters);
  const bounds = ttlBounds(ports, principal, task, request, entry);
  const askedSeconds = boundTtl(bounds);
  const ask: Ask = {
    principal,
    task,
    entry,
    parameters,
    ttlSeconds: askedSeconds,
    ...(request.tool !== undefined && { tool: request.tool }),
    asserted: request.reason === undefined ? {} : { reason: request.reason },
  };
  const { decision, record } = permitFor(ports, policy, ask);
  const ttlSeconds = boundTtl({ ...bounds, policySeconds: decision.permit.ttlSeconds });
  return {
    principal,
    task,
    request,
    entry,
    parameters,
    ttlSeconds,
    ceilingSeconds: Math.min(
      entry.maximumTtlSeconds,
      decision.permit.ttlSeconds,
      bounds.taskRemainingSeconds,
    ),
    permit: decision.permit,
    ask,
    record,
    scope: fillTemplate(entry.mint, parameters),
    asked: askedFor(request, parameters, askedSeconds),
  };
}

/** Asks policy; throws PolicyRefusal unless it permits. */
export function permitFor({ meter }: Pick<Ports, 'meter'>, policy: Policy, ask: Ask) {
  const decision = policy.decide(ask);
  const record = recordOf(decision, policy.digest);
  meter.decided(record.is);
  if (decision.is !== 'permit') throw new PolicyRefusal(refusalCode(decision), record);
  return { decision, record };
}

/** POL-03: asked again right before the secret is handed over, when policy has changed since. */
export async function decideAgain<Before extends Pick<Decided, 'ask' | 'record' | 'ttlSeconds'>>(
  ports: Ports,
  decided: Before,
  takeBack: (fault: Fault) => Promise<never>,
): Promise<Before> {
  const policy = ports.policy();
  if (policy.digest === decided.record.policyDigest) return decided;
  const decision = policy.decide(decided.ask);
  const record = recordOf(decision, policy.digest);
  ports.meter.decided(record.is);
  if (decision.is === 'permit' && decision.permit.ttlSeconds >= decided.ttlSeconds) return decided;
  return takeBack(new PolicyRefusal('policy.changed', record));
}

export function ttlBounds(
  ports: Ports,
  principal: Principal,
  task: Task,
  request: Pick<CredentialRequest, 'ttlSeconds'>,
  entry: CatalogEntry,
) {
  const now = ports.ledger.clock();
  const provider = ports.providers.get(entry.provider);
  return {
    entry,
    ...(request.ttlSeconds !== undefined && { requestedSeconds: request.ttlSeconds }),
    taskRemainingSeconds: Math.floor((task.deadlineAt - now) / 1000),
    ...(ports.limits.endWithProof && {
      proofRemainingSeconds: Math.floor((principal.proofExpiresAt - now) / 1000),
    }),
    providerMinimumSeconds: provider?.minimumTtlSeconds ?? 1,
    providerMaximumSeconds: provider?.maximumTtlSeconds ?? entry.maximumTtlSeconds,
  };
}

const refusalCode = (decision: Exclude<Decision, { is: 'permit' }>) =>
  decision.is === 'ask' ? 'approval.required' : decision.errors.length > 0 ? 'policy.error' : 'policy.denied';

function recordOf(decision: Decision, policyDigest: string): DecidedRecord {
  const errors = decision.is === 'deny' ? decision.errors : [];
  return {
    evaluation: newRequestId(),
    is: errors.length > 0 ? 'error' : decision.is,
    because: decision.because,
    ...(errors.length > 0 && { errors }),
    policyDigest,
  };
}

const askedFor = (request: CredentialRequest, parameters: ParameterValues, ttlSeconds: number): AskedFor => ({
  entry: request.credential,
  parameters,
  ttlSeconds,
  ...(request.tool !== undefined && { tool: request.tool }),
  ...(request.reason !== undefined && { reason: request.reason }),
});
