import { textOf } from './told.js';
import type { ToldEvent } from './told.js';

/** A person is an operator; a workload an agent or an orchestrator. `unknown` wherever the event leaves it open. */
export type ActorKind = 'person' | 'workload' | 'broker' | 'unknown';

/** What only operators do, in their own name. */
const byPersons = new Set([
  'approval.decided',
  'breakglass.reviewed',
  'session.begun',
  'session.ended',
  'block.lifted',
  'agent.disabled',
  'agent.enabled',
]);
/** What operators do, the broker by itself, and transmitters of security events. */
const byPersonsOrSignals = new Set(['withdrawal.begun', 'agent.signalled', 'approval.revoked']);
/** Causes of an end that come with a withdrawal, or from an operator. */
const causesOfPersons = new Set(['operator', 'kill_switch', 'context_changed']);
const byWorkloads = new Set(['task.delegated', 'task.limited']);

const ofPersons = new Set(['breakglass.opened', 'breakglass.expired', 'breakglass.reviewed']);
const ofWorkloads = new Set(['step.decided', 'lease.renewing', 'lease.renewed', 'lease.renew_failed']);
/** Told of whoever called, which may have been anybody where the fault says that the call was not for them. */
const refusedToWorkloads = new Set([
  'credential.refused',
  'credential.limited',
  'step.refused',
  'delegation.refused',
  'lease.renew_refused',
]);
const ofAnybody = new Set<unknown>(['role.missing', 'task.unknown']);

/** No rule of the settings can give an operator such an id. */
const isSvid = (id: string | undefined): boolean => id?.startsWith('spiffe:') === true;

/** What the `agent` of an event is: whoever took an emergency is told there as well. */
export function agentKind(event: ToldEvent): ActorKind {
  const { type, fault, task } = event;
  if (isSvid(textOf(event['agent']))) return 'workload';
  if (ofPersons.has(type)) return 'person';
  if (type === 'breakglass.refused') return fault === 'role.missing' ? 'unknown' : 'person';
  // A question without a task is one of break-glass; every other is an agent's.
  if (type.startsWith('approval.')) return task === '' ? 'person' : 'workload';
  if (ofWorkloads.has(type)) return 'workload';
  return refusedToWorkloads.has(type) && !ofAnybody.has(fault) ? 'workload' : 'unknown';
}

/** What whoever acted is, `by` or else the agent. */
export function actorKind(event: ToldEvent): ActorKind {
  const { type, agent, via, cause } = event;
  const by = textOf(event['by']);
  if (by === undefined) return textOf(agent) === undefined ? 'broker' : agentKind(event);
  if (by === 'broker') return 'broker';
  if (type === 'call.refused') return event['kind'] === 'operator' ? 'person' : 'workload';
  if (isSvid(by) || byWorkloads.has(type)) return 'workload';
  if (byPersons.has(type)) return 'person';
  const isSignal = by.startsWith('signal:');
  if (byPersonsOrSignals.has(type)) return isSignal ? 'unknown' : 'person';
  if (type === 'lease.revoking' && causesOfPersons.has(String(cause))) return isSignal ? 'unknown' : 'person';
  if (type === 'lease.revoking' && cause === 'released') return 'workload';
  if (type === 'task.ended' && isOfPersons(String(via))) return 'person';
  // Whoever takes an emergency opens its task for itself.
  if (type === 'task.opened') return by === agent ? 'unknown' : 'workload';
  return by === agent ? agentKind(event) : 'unknown';
}

const isOfPersons = (via: string) =>
  via === 'revocation' || via === 'break-glass' || via.startsWith('approval:');
