import { createHash } from 'node:crypto';
import type { AskedFor, Decided as DecidedRecord } from '../audit/event.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Principal } from '../identity/principal.js';
import { Fault, faultCode } from '../kernel/fault.js';
import type { Task } from '../task/task.js';
import { taskIdOf } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { CredentialRequest, RenewalRequest, StepRequest, SubtaskRequest } from './broker.js';
import { PolicyRefusal } from './decide.js';
import type { Decided } from './decide.js';
import type { Ports } from './ports.js';

/**
 * A refusal is a fact as well: it is durable before the caller hears of it. When the ledger itself is away, the caller
 * hears that instead, and nothing was issued. While the store is nearly full, what room is left is not for refusals:
 * those are counted in the metrics alone.
 */
export async function recordRefusal(
  ports: Ports,
  principal: Principal,
  request: CredentialRequest,
  task: Task | undefined,
  decided: Decided | undefined,
  error: unknown,
): Promise<void> {
  if (cannotBeTold(error)) return;
  const entry = ports.policy().catalog.has(request.credential) ? request.credential : '';
  if (await isCounted(ports, principal, { task: task?.id ?? '', entry }, error)) return;
  await ports.ledger.log.record({
    type: 'credential.refused',
    task: request.task,
    agent: principal.id,
    ...(task && { intent: task.intent }),
    ...(task?.onBehalfOf !== undefined && { onBehalfOf: task.onBehalfOf }),
    issuer: principal.issuer,
    claims: principal.claims,
    ...toldOf(error, decided, {
      entry: request.credential,
      ...(request.tool !== undefined && { tool: request.tool }),
      ...(request.step !== undefined && { step: request.step }),
      ...(request.reason !== undefined && { reason: request.reason }),
    }),
  });
}

/** The same for a renewal; under the lease that was named, whoever named it. */
export async function recordRenewalRefusal(
  ports: Ports,
  principal: Principal,
  request: RenewalRequest,
  decided: { readonly asked: AskedFor; readonly record: DecidedRecord } | undefined,
  error: unknown,
): Promise<void> {
  if (cannotBeTold(error)) return;
  const task = taskIdOf(request.lease);
  const about = { task: decided ? task : '', entry: decided?.asked.entry ?? '' };
  if (await isCounted(ports, principal, about, error)) return;
  await ports.ledger.log.record({
    type: 'lease.renew_refused',
    lease: request.lease,
    task,
    agent: principal.id,
    issuer: principal.issuer,
    claims: principal.claims,
    ...toldOf(error, decided, {
      ...(request.ttlSeconds !== undefined && { ttlSeconds: request.ttlSeconds }),
      ...(request.reason !== undefined && { reason: request.reason }),
    }),
  });
}

/** The same for a tool call that could not be decided; `task` once it is known to be the agent's. */
export async function recordStepRefusal(
  ports: Ports,
  principal: Principal,
  { tool, target, dataClass, reason, approval, task: named }: StepRequest,
  task: Task | undefined,
  error: unknown,
): Promise<void> {
  if (cannotBeTold(error)) return;
  if (await isCounted(ports, principal, { task: task?.id ?? '', entry: '' }, error)) return;
  const asserted = present({ target, dataClass, reason });
  const refused = { type: 'step.refused' as const, tool, asserted, approval };
  await ports.ledger.log.record(present({ ...refused, ...byWhom(principal, named, task, error) }));
}

/** The same for a delegation; `task` is the one that a part of is not delegated. */
export async function recordDelegationRefusal(
  ports: Ports,
  principal: Principal,
  { agent: delegate, intent, scope, approval, parent }: SubtaskRequest,
  task: Task | undefined,
  error: unknown,
): Promise<void> {
  if (cannotBeTold(error)) return;
  if (await isCounted(ports, principal, { task: task?.id ?? '', entry: '' }, error)) return;
  const decided = error instanceof PolicyRefusal ? error.record : undefined;
  const asserted = { intent, ...scopeAsTold(scope) };
  const refused = { type: 'delegation.refused' as const, delegate, asserted, decided, approval };
  await ports.ledger.log.record(present({ ...refused, ...byWhom(principal, parent, task, error) }));
}

/** As much as an intent may be, and of more than that what it can be known by again: it is the caller's to make up. */
function scopeAsTold(scope: SubtaskRequest['scope']) {
  const text = JSON.stringify(scope);
  if (text.length <= 2000) return { scope };
  return { scopeSha256: createHash('sha256').update(text).digest('hex'), scopeLength: text.length };
}

/** `named`: the task that the caller has named. */
const byWhom = (
  { id: agent, issuer, claims }: Principal,
  named: string,
  task: Task | undefined,
  error: unknown,
) => ({ task: named, agent, issuer, claims, intent: task?.intent, fault: faultCode(error) });

/** Whoever asks in a loop meets these, and each would be a record that stays. */
const quotas: ReadonlySet<FaultCode> = new Set(['lease.limit', 'task.full', 'quota.issue_rate']);

/**
 * Whether it was told as one of many: a quota stands against it, or against telling each refusal of this agent. `about` is
 * '' for what is not known: names that the caller made up would each be a record again.
 */
async function isCounted(
  { flood }: Ports,
  { id: agent }: Principal,
  about: { readonly task: string; readonly entry: string },
  error: unknown,
): Promise<boolean> {
  const ofQuota = error instanceof Fault && quotas.has(error.code);
  if (!ofQuota && flood.hasRoomFor(agent)) return false;
  const quota = ofQuota
    ? error.message
    : 'This agent was refused more often in a second than is told one by one.';
  await flood.tell({ type: 'credential.limited', ...about, agent, fault: faultCode(error), quota });
  return true;
}

const cannotBeTold = (error: unknown): boolean =>
  ['state.unavailable', 'state.full'].includes(faultCode(error));

/** `understood`: what of the request is known when it got no further than being read. */
function toldOf(
  error: unknown,
  decided: { readonly asked: AskedFor; readonly record: DecidedRecord } | undefined,
  understood: Partial<AskedFor>,
) {
  const refusal = error instanceof PolicyRefusal ? error : decided;
  const reason = error instanceof Fault ? error.reason : undefined;
  return {
    fault: faultCode(error),
    asked: refusal?.asked ?? understood,
    ...(refusal && { decided: refusal.record }),
    ...(reason !== undefined && { reason }),
  };
}
