import type { Principal } from '../identity/principal.js';
import { Fault } from '../kernel/fault.js';
import { taskIdPattern } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import { decideForAll } from '../policy/decide-for-all.js';
import type { Policy, Question } from '../policy/decision.js';
import { mustBeDelegatedTool, mustBeInScope } from '../policy/narrow.js';
import { parseParameters } from '../policy/parameters.js';
import { boundTtl } from '../policy/ttl.js';
import type { Asking } from '../ledger/withdrawal-ledger.js';
import type { Task } from '../task/task.js';
import { visibleTask } from './authorize.js';
import type { Evaluation, EvaluationRequest } from './broker.js';
import { recordOf, refusalCode, riskBehind, toolFactsOf } from './decide.js';
import { mustBeNamed } from './delegation.js';
import { ownerOf, requireOwner, requireStanding } from './inventory.js';
import type { Ports } from './ports.js';

/**
 * What would be answered now (AuthZEN 1.0 section 6), on the engine that issues. Agents ask about themselves, and
 * operators and orchestrators about any agent; of one that does not ask itself no claims are known. It is an answer,
 * not a permit: nothing can be issued with it.
 */
export async function evaluate(
  ports: Ports,
  principal: Principal,
  request: EvaluationRequest,
): Promise<Evaluation> {
  const { subject } = request;
  if (principal.kind === 'agent' && subject.id !== principal.id)
    throw new Fault('role.missing', 'An agent asks about itself; others may ask about any agent.');
  const policy = ports.policy();
  try {
    const question = await questionOf(ports, policy, principal, request);
    if (!question) return denied('policy.denied');
    const decision = decideForAll(policy, question);
    const record = recordOf(decision, policy.digest, question);
    ports.meter.decided(record.is);
    if (decision.is === 'permit') await ports.ledger.withdrawals.pass(askingOf(ports, principal, question));
    return present({
      decision: decision.is === 'permit',
      id: record.evaluation,
      reason: decision.is === 'permit' ? 'permit' : refusalCode(decision),
      because: decision.because,
      obligations: decision.is === 'permit' ? decision.obligations : undefined,
    });
  } catch (error) {
    if (error instanceof Fault && answers.has(error.code)) return denied(error.code);
    throw error;
  }
}

/** Faults of a request that are an answer to the question whether it would be permitted. */
const answers = new Set([
  'task.unknown',
  'task.ended',
  'credential.unknown',
  'credential.parameters',
  'delegation.wider',
  'delegation.may_act',
  'ttl.invalid',
  'ttl.below_floor',
  'agent.ownerless',
  'agent.disabled',
  'issuing.blocked',
  'delegation.unproven',
]);

const denied = (reason: string): Evaluation => ({ decision: false, reason, because: [] });

/** What policy permits is refused all the same while an operator has blocked it (REV-06). */
const askingOf = (
  { inventory }: Pick<Ports, 'inventory'>,
  asking: Principal,
  { principal: { id }, task, entry, delegate }: Question,
): Asking =>
  present({
    agent: id,
    issuer: asking.id === id ? asking.issuer : undefined,
    owner: ownerOf(inventory, id),
    task: task.id || undefined,
    provider: entry?.provider,
    entry: entry?.name,
    delegate,
  });

/** Undefined where the broker has nothing of this kind that anyone could be permitted. */
async function questionOf(
  ports: Ports,
  policy: Policy,
  principal: Principal,
  { subject, action, resource, context = {} }: EvaluationRequest,
): Promise<Question | undefined> {
  const kind = `${subject.type} ${action.name} ${resource.type}`;
  if (!['agent issue credential', 'agent step tool', 'agent delegate agent'].includes(kind)) return undefined;
  const task = await taskOf(ports, principal, subject.id, context['task']);
  if (action.name !== 'step') requireOwner(ports, subject.id);
  requireStanding(ports, task);
  const tool = resource.type === 'tool' ? resource.id : textOf(context['tool']);
  if (task.scope && resource.type === 'tool') mustBeDelegatedTool(task.scope, tool);
  if (resource.type === 'agent' && subject.id === principal.id)
    await mustBeNamed(ports, principal, resource.id);
  return present({
    principal: subject.id === principal.id ? principal : unseen(principal, subject.id),
    task,
    tool,
    toolFacts: toolFactsOf(policy, tool),
    delegate: resource.type === 'agent' ? resource.id : undefined,
    risk: riskBehind(ports, { id: subject.id }, task),
    depth: resource.type === 'agent' ? (task.actors?.length ?? 0) + 1 : undefined,
    asserted: present({ reason: textOf(context['reason']) }),
    ...(resource.type === 'credential' && credentialOf(policy, task, resource, tool)),
  });
}

function credentialOf(
  policy: Policy,
  task: Task,
  { id, properties }: EvaluationRequest['resource'],
  tool: string | undefined,
) {
  const entry = policy.catalog.get(id);
  if (!entry) throw new Fault('credential.unknown', 'There is no catalog entry of this name.');
  const parameters = parseParameters(entry, properties?.['parameters'] ?? {});
  if (task.scope) mustBeInScope(task.scope, { entry, parameters, tool });
  const wide = {
    taskRemainingSeconds: Infinity,
    providerMinimumSeconds: 1,
    providerMaximumSeconds: Infinity,
  };
  return { entry, parameters, ttlSeconds: boundTtl({ entry, ...wide }) };
}

/** The task that is named, of this agent; a task that the agent would open itself where none is. */
async function taskOf(ports: Ports, principal: Principal, agent: string, id: unknown): Promise<Task> {
  if (id === undefined) {
    const now = ports.ledger.clock();
    const times = { openedAt: now, deadlineAt: now, state: 'open' as const };
    return { id: '', intent: '', agent, openedBy: agent, labels: {}, ...times };
  }
  if (typeof id !== 'string' || !taskIdPattern.test(id))
    throw new Fault('task.unknown', 'There is no such task.');
  const task = visibleTask(principal, await ports.ledger.tasks.find(id));
  if (task.agent !== agent) throw new Fault('task.unknown', 'The task is that of another agent.');
  if (task.state !== 'open') throw new Fault('task.ended', 'The task has ended.');
  return task;
}

const unseen = ({ proofExpiresAt }: Principal, id: string): Principal => ({
  id,
  kind: 'agent',
  issuer: '',
  roles: [],
  claims: {},
  proofExpiresAt,
});

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
