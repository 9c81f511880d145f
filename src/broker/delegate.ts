import { mayBe } from '../identity/may-act.js';
import type { Principal } from '../identity/principal.js';
import { parseSpiffeId } from '../identity/spiffe-id.js';
import { Fault } from '../kernel/fault.js';
import { newTaskId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import { decideForAll } from '../policy/decide-for-all.js';
import { narrowed } from '../policy/narrow.js';
import type { Actor, Scope } from '../task/scope.js';
import type { NewTask, Task } from '../task/task.js';
import { requireAgentOf, visibleTask } from './authorize.js';
import type { SubtaskRequest } from './broker.js';
import { mustFulfil, recordOf, refusalOf, riskBehind } from './decide.js';
import { requireOwner, requireStanding, seenAs } from './inventory.js';
import type { Ports } from './ports.js';
import { idempotencyOf } from './tasks.js';

const defaults = { depth: 3, fanOut: 16, tree: 100 };

/**
 * A narrower task for another agent, which has to prove its own identity to use it. What it may do is fixed here, no
 * wider than what this task may do, and it ends with this task at the latest.
 */
export async function delegate(
  ports: Ports,
  principal: Principal,
  request: SubtaskRequest,
  idempotencyKey?: string,
): Promise<Task> {
  const parent = visibleTask(principal, await ports.ledger.tasks.find(request.parent));
  requireAgentOf(principal, parent);
  requireOwner(ports, principal.id);
  requireStanding(ports, parent);
  if (parent.state !== 'open')
    throw new Fault('task.ended', 'The task has ended; nothing of it is delegated.');
  const actors = actorsBelow(ports, principal, parent, request.agent);
  await mustBeNamed(ports, principal, request.agent);
  const scope = narrowed(ports.policy().catalog, request.scope, parent.scope ?? ofRoot(parent));
  const now = ports.ledger.clock();
  if (request.deadlineAt <= now) throw new Fault('task.deadline_past', 'The deadline must lie ahead.');
  if (request.deadlineAt > parent.deadlineAt)
    throw new Fault('delegation.wider', 'The sub-task would end later than its parent.', {
      errors: [{ pointer: '/deadline', detail: 'later than that of the parent' }],
    });
  const { deadlineAt, record } = decideDelegation(ports, principal, parent, actors.length, request, now);
  const same = request.deadlineInSeconds === undefined ? request : { ...request, deadlineAt: undefined };
  const idempotency = idempotencyOf(principal, { delegate: same }, idempotencyKey);
  const { fanOut = defaults.fanOut, tree = defaults.tree } = ports.limits.delegation ?? {};
  for (let attempt = 0; attempt < 5; attempt++) {
    const task = newSubtask(parent, request, { actors, scope, deadlineAt });
    const limits = { root: parent.root ?? parent.id, fanOut, tree };
    const opened = await ports.ledger.tasks.delegate(
      task,
      record,
      limits,
      seenAs(ports, principal),
      idempotency,
    );
    if (opened) return opened;
  }
  throw new Fault('internal', 'No free task id was found.');
}

/** What a task has that nobody delegated: every entry that policy permits, and its own tools. */
const ofRoot = ({ tools }: Task): Partial<Scope> => present({ tools });

/** Those above the new task, the one that delegates first. Throws delegation.cycle, .depth, request.malformed. */
function actorsBelow(ports: Ports, principal: Principal, parent: Task, agent: string): readonly Actor[] {
  const { id, issuer, claims } = principal;
  const actors = [{ id, issuer, claims }, ...(parent.actors ?? [])];
  if (actors.some((actor) => actor.id === agent))
    throw new Fault('delegation.cycle', 'This agent stands above the task already.');
  if (actors.length > (ports.limits.delegation?.depth ?? defaults.depth))
    throw new Fault('delegation.depth', 'The task is as far from its root as one may be.');
  if (/^spiffe:/i.test(agent) && !parseSpiffeId(agent)?.path)
    throw new Fault('request.malformed', 'The agent is not the SPIFFE ID of a workload.', {
      errors: [{ pointer: '/agent', detail: 'no workload can have this SPIFFE ID' }],
    });
  return actors;
}

/** DEL-02: a token can name whom its subject delegates to. That does not replace what policy permits. */
export async function mustBeNamed(
  { ledger }: Pick<Ports, 'ledger'>,
  { mayAct }: Principal,
  agent: string,
): Promise<void> {
  if (!mayAct) return;
  const issuer = parseSpiffeId(agent)?.trustDomain ?? (await ledger.agents.find([agent]))[0]?.issuer;
  if (!mayBe(mayAct, { id: agent, issuer }))
    throw new Fault(
      'delegation.may_act',
      'The token that asks names who may act for it, and not this agent.',
    );
}

/** Policy has to permit that this agent delegates to that one, and so it has for everyone above. */
function decideDelegation(
  ports: Ports,
  principal: Principal,
  parent: Task,
  depth: number,
  { agent, deadlineAt, intent }: SubtaskRequest,
  now: number,
) {
  const policy = ports.policy();
  const ttlSeconds = Math.ceil((deadlineAt - now) / 1000);
  const question = {
    principal,
    task: parent,
    delegate: agent,
    depth,
    ttlSeconds,
    risk: riskBehind(ports, principal, parent),
    asserted: { reason: intent },
  };
  const decision = decideForAll(policy, question);
  const record = recordOf(decision, policy.digest, question);
  ports.meter.decided(record.is);
  const asked = { entry: '', parameters: {}, ttlSeconds };
  if (decision.is !== 'permit') throw refusalOf(decision, record, asked);
  mustFulfil(decision.obligations, question, record, asked);
  return { record, deadlineAt: Math.min(deadlineAt, now + decision.permit.ttlSeconds * 1000) };
}

/** Labels, and who opened the tree and for whom, are those of the root: a delegation is nobody's word for another. */
const newSubtask = (
  parent: Task,
  { intent, agent }: SubtaskRequest,
  { actors, scope, deadlineAt }: { actors: readonly Actor[]; scope: Scope; deadlineAt: number },
): NewTask =>
  present({
    id: newTaskId(),
    intent,
    agent,
    openedBy: parent.openedBy,
    onBehalfOf: parent.onBehalfOf,
    labels: parent.labels,
    tools: scope.tools,
    deadlineAt,
    parent: parent.id,
    root: parent.root ?? parent.id,
    actors,
    scope,
  });
