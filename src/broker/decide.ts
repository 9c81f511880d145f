import type { Approved } from './approved.js';
import type { AskedFor, Decided as DecidedRecord } from '../audit/event.js';
import { highestRisk } from '../identity/risk.js';
import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import type { FaultDetail } from '../kernel/fault.js';
import { newRequestId } from '../kernel/id.js';
import { optional, present } from '../kernel/present.js';
import { riskLevels } from '../kernel/risk-levels.js';
import { decideForAll } from '../policy/decide-for-all.js';
import type { Ask, Decision, Obligation, Policy, Question } from '../policy/decision.js';
import { mustBeInScope } from '../policy/narrow.js';
import type { CatalogEntry, ParameterValues } from '../policy/catalog.js';
import { parseParameters } from '../policy/parameters.js';
import type { Permit } from '../policy/permit.js';
import { fillTemplate } from '../policy/template.js';
import { boundTtl } from '../policy/ttl.js';
import type { Task } from '../task/task.js';
import type { CredentialRequest } from './broker.js';
import { unfulfilled } from './obligations.js';
import type { Asking } from './open-question.js';
import type { Ports } from './ports.js';
import { isStillEnough } from './still-enough.js';

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
  readonly approved?: Approved;
}

/** A refusal by policy, with what was asked and the record of its decision for the audit. */
export class PolicyRefusal extends Fault {
  readonly record: DecidedRecord;
  readonly asked: AskedFor;
  /** Whom policy wants to be asked, and about what. */
  readonly question: Asking<Ask> | undefined;

  constructor(
    code: keyof typeof sentences,
    record: DecidedRecord,
    asked: AskedFor,
    question?: Asking<Ask>,
    errors?: FaultDetail['errors'],
    sentence = sentences[code],
  ) {
    super(code, sentence, present({ policies: record.because, errors }));
    this.record = record;
    this.asked = asked;
    this.question = question;
  }
}

const sentences = {
  'policy.denied': 'Policy does not permit this request.',
  'policy.error': 'Policy could not be evaluated for this request, so it is not permitted.',
  'approval.required': 'Policy permits this request only after a person has approved it.',
  'identity.stale': 'Policy permits this only with a token that was issued after the last step of the task.',
  'obligation.unknown': 'Policy permits this only with a duty that this broker does not know.',
  'obligation.unmet': 'Policy permits this only with a duty that this request leaves undone.',
  'policy.changed': 'Policy changed while the credential was being minted, and no longer permits it.',
};

/** The refusal of what a decision does not permit. */
export function refusalOf(
  decision: Exclude<Decision, { is: 'permit' }>,
  record: DecidedRecord,
  asked: AskedFor,
  question?: Asking<Ask>,
): PolicyRefusal {
  const isUnpermitted = decision.is === 'deny' && decision.unpermitted === true;
  const unpermitted = `No policy permits this request${record.because.length > 0 ? ', whoever approves it' : ''}.`;
  const sentence = isUnpermitted ? unpermitted : undefined;
  return new PolicyRefusal(refusalCode(decision), record, asked, question, undefined, sentence);
}

/** Checks, bounds and decides one request; throws the Fault that the caller is to see. */
export function decide(
  ports: Ports,
  principal: Principal,
  task: Task,
  request: CredentialRequest,
  { approved, action }: { readonly approved?: Approved | undefined; readonly action?: Ask['action'] } = {},
): Decided {
  if (task.state !== 'open')
    throw new Fault('task.ended', 'The task has ended; nothing more can be issued for it.');
  const policy = ports.policy();
  const entry = policy.catalog.get(request.credential);
  if (!entry) throw new Fault('credential.unknown', 'There is no catalog entry of this name.');
  const parameters = parseParameters(entry, approved?.granted.parameters ?? request.parameters);
  if (task.scope) mustBeInScope(task.scope, { entry, parameters, tool: request.tool });
  const scope = fillTemplate(entry.mint, parameters);
  const own = ttlBounds(ports, principal, task, request, entry, scope);
  const bounds = approved ? { ...own, ...approvalBounds(ports, entry, request, approved) } : own;
  const askedSeconds = boundTtl(bounds);
  const ask: Ask = optional({
    principal,
    task,
    entry,
    parameters,
    ttlSeconds: askedSeconds,
    risk: riskBehind(ports, principal, task),
    tool: request.tool,
    toolFacts: toolFactsOf(policy, request.tool),
    ofStep: request.step === undefined ? undefined : true,
    encrypted: request.encryptTo !== undefined,
    action,
    approved: approved && (true as const),
    asserted: request.reason === undefined ? {} : { reason: request.reason },
  });
  const asked = askedFor(request, entry, approved ? parseParameters(entry, request.parameters) : parameters);
  const { decision, record } = permitFor(ports, policy, ask, asked);
  if (approved && !isStillEnough(policy, ports.limits, ask, approved.approval))
    throw new PolicyRefusal('policy.denied', { ...record, is: 'deny' }, asked);
  const ttlSeconds = boundTtl({
    entry,
    requestedSeconds: askedSeconds,
    policySeconds: decision.permit.ttlSeconds,
    taskRemainingSeconds: bounds.taskRemainingSeconds,
    providerMinimumSeconds: bounds.providerMinimumSeconds,
    providerMaximumSeconds: bounds.providerMaximumSeconds,
  });
  const decided = {
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
      bounds.delegatedSeconds ?? Infinity,
    ),
    permit: decision.permit,
    ask,
    record,
    scope,
    asked,
  };
  return approved ? { ...decided, approved } : decided;
}

/** ISS-01, ISS-03: never longer than the person gave, nor past the end of what was given. */
const approvalBounds = (
  ports: Ports,
  entry: CatalogEntry,
  request: CredentialRequest,
  approved: Approved,
) => ({
  requestedSeconds: Math.min(request.ttlSeconds ?? entry.defaultTtlSeconds, approved.granted.ttlSeconds),
  approvalRemainingSeconds: Math.floor((approved.until - ports.ledger.clock()) / 1000),
});

/** Of whoever asks, or of anyone above the task, whichever is higher. */
export const riskBehind = (
  { risk }: Pick<Ports, 'risk'>,
  { id }: Pick<Principal, 'id'>,
  { actors = [] }: Pick<Task, 'actors'>,
): number =>
  highestRisk(
    risk,
    id,
    actors.map((actor) => actor.id),
  );

/** Asks policy; throws PolicyRefusal unless it permits. */
export function permitFor({ meter }: Pick<Ports, 'meter'>, policy: Policy, ask: Ask, asked: AskedFor) {
  const decision = decideForAll(policy, ask);
  const record = recordOf(decision, policy.digest, ask);
  meter.decided(record.is);
  if (decision.is !== 'permit')
    throw refusalOf(decision, record, asked, decision.is === 'ask' ? { ask, decision } : undefined);
  mustFulfil(decision.obligations, ask, record, asked);
  return { decision, record };
}

/** Throws PolicyRefusal unless all that the permit comes with is known here and done by the request. */
export function mustFulfil(
  obligations: readonly Obligation[] | undefined,
  question: Question,
  record: DecidedRecord,
  asked: AskedFor,
): void {
  const failing = unfulfilled(obligations, question);
  if (!failing) return;
  const { policy, duty } = failing.obligation;
  const errors = [{ pointer: pointers[duty] ?? '', detail: `the duty "${duty}" of the policy "${policy}"` }];
  throw new PolicyRefusal(failing.code, { ...record, is: 'deny' }, asked, undefined, errors);
}

const pointers: Readonly<Record<string, string>> = { encrypt: '/encryptTo', reason: '/reason' };

/**
 * POL-03: asked again right before the secret is handed over, when policy has changed since. The refusal, where it no longer
 * permits it.
 */
export function decideAgain(
  ports: Ports,
  decided: Pick<Decided, 'ask' | 'asked' | 'record' | 'ttlSeconds' | 'approved'>,
): PolicyRefusal | undefined {
  const policy = ports.policy();
  if (policy.digest === decided.record.policyDigest) return undefined;
  const decision = decideForAll(policy, decided.ask);
  const record = recordOf(decision, policy.digest, decided.ask);
  ports.meter.decided(record.is);
  const { approved, ask } = decided;
  const stands = !approved || isStillEnough(policy, ports.limits, ask, approved.approval);
  const fulfilled = decision.is === 'permit' && !unfulfilled(decision.obligations, ask);
  if (stands && fulfilled && decision.permit.ttlSeconds >= decided.ttlSeconds) return undefined;
  return new PolicyRefusal('policy.changed', record, decided.asked);
}

export function ttlBounds(
  ports: Ports,
  principal: Principal,
  task: Task,
  request: Pick<CredentialRequest, 'ttlSeconds'>,
  entry: CatalogEntry,
  scope: unknown,
) {
  const now = ports.ledger.clock();
  const provider = ports.providers.get(entry.provider);
  return {
    entry,
    requestedSeconds: request.ttlSeconds,
    delegatedSeconds: task.scope?.maximumTtlSeconds,
    taskRemainingSeconds: Math.floor((task.deadlineAt - now) / 1000),
    proofRemainingSeconds: ports.limits.endWithProof
      ? Math.floor((principal.proofExpiresAt - now) / 1000)
      : undefined,
    providerMinimumSeconds: provider?.minimumTtlSeconds(scope) ?? 1,
    providerMaximumSeconds: provider?.maximumTtlSeconds ?? entry.maximumTtlSeconds,
  };
}

export const refusalCode = (decision: Exclude<Decision, { is: 'permit' }>) => {
  if (decision.is === 'ask') return 'approval.required';
  if (decision.needsFreshProof) return 'identity.stale';
  return decision.errors.length > 0 ? 'policy.error' : 'policy.denied';
};

/** What the settings say of a tool: what an agent calls it is not taken for what it is. */
export const toolFactsOf = (policy: Policy, tool: string | undefined) =>
  tool === undefined ? undefined : policy.tools?.get(tool);

export function recordOf(
  decision: Decision,
  policyDigest: string,
  { risk = 0 }: Pick<Question, 'risk'>,
): DecidedRecord {
  const errors = decision.is === 'deny' ? decision.errors : [];
  return optional({
    evaluation: newRequestId(),
    is: errors.length > 0 ? ('error' as const) : decision.is,
    because: decision.because,
    errors: errors.length > 0 ? errors : undefined,
    policyDigest,
    risk: risk === 0 ? undefined : riskLevels[risk],
    obligations: decision.is === 'permit' ? decision.obligations : undefined,
  });
}

/** What was asked for, before any bound. */
const askedFor = (request: CredentialRequest, entry: CatalogEntry, parameters: ParameterValues): AskedFor =>
  optional({
    entry: request.credential,
    parameters,
    ttlSeconds: request.ttlSeconds ?? entry.defaultTtlSeconds,
    tool: request.tool,
    step: request.step,
    reason: request.reason,
  });
