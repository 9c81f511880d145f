import { mayBe } from '../identity/may-act.js';
import type { Principal } from '../identity/principal.js';
import { parseSpiffeId } from '../identity/spiffe-id.js';
import { Fault } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import { narrowed } from '../policy/narrow.js';
import type { Actor, TaskScope } from '../task/scope.js';
import type { Task } from '../task/task.js';
import { requireAgentOf } from './authorize.js';
import type { SubtaskRequest } from './broker.js';
import { requireOwner, requireStanding } from './inventory.js';
import type { Ports } from './ports.js';

const defaultDepth = 3;

/** What is to be delegated, where nothing but policy stands against it, as far as is known without asking the store. */
export interface Delegation {
  readonly principal: Principal;
  readonly parent: Task;
  readonly request: SubtaskRequest;
  /** Those above the new task, the one that delegates first. */
  readonly actors: readonly Actor[];
  readonly scope: TaskScope;
  readonly now: number;
}

/** @throws Fault task.ended, task.deadline_past, delegation.*, agent.ownerless, credential.*, request.malformed */
export async function delegationOf(
  ports: Ports,
  principal: Principal,
  parent: Task,
  request: SubtaskRequest,
): Promise<Delegation> {
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
  return { principal, parent, request, actors, scope, now };
}

/** What a task has that nobody delegated: every entry that policy permits, and its own tools. */
const ofRoot = ({ tools }: Task): Partial<TaskScope> => present({ tools });

/** Those above the new task, the one that delegates first. Throws delegation.cycle, .depth, request.malformed. */
function actorsBelow(ports: Ports, principal: Principal, parent: Task, agent: string): readonly Actor[] {
  const { id, issuer, claims } = principal;
  const actors = [{ id, issuer, claims }, ...(parent.actors ?? [])];
  if (actors.some((actor) => actor.id === agent))
    throw new Fault('delegation.cycle', 'This agent stands above the task already.');
  if (actors.length > (ports.limits.delegation?.depth ?? defaultDepth))
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
