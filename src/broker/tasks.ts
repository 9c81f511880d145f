import { createHash } from 'node:crypto';
import type { Principal } from '../identity/principal.js';
import { parseSpiffeId } from '../identity/spiffe-id.js';
import { formatDuration } from '../kernel/duration.js';
import { Fault } from '../kernel/fault.js';
import { newTaskId } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import type { Idempotency, Page, PageQuery, TaskEnd } from '../ledger/ledger.js';
import type { Task, TaskOutcome } from '../task/task.js';
import { requireKind, requireRole, visibleTask } from './authorize.js';
import type { OpenTask } from './broker.js';
import { dispatchDue } from './dispatch-due.js';
import type { Ports } from './ports.js';

/** A key means one request of one principal: the same text under another principal is another key. */
export function idempotencyOf(principal: Principal, request: object, key?: string): Idempotency | undefined {
  if (key === undefined) return undefined;
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
  return { key: digest(`${principal.id}\n${key}`), digest: digest(JSON.stringify(request)) };
}

export async function openTask(
  ports: Ports,
  principal: Principal,
  request: OpenTask,
  key?: string,
): Promise<Task> {
  requireKind(principal, 'agent', 'orchestrator');
  const agent = agentOf(principal, request);
  const now = ports.ledger.clock();
  mustBeWithinLongest(ports.limits, request.deadlineAt, now);
  const { intent, labels, deadlineAt, deadlineInSeconds, onBehalfOf, run, tools } = request;
  const same = deadlineInSeconds === undefined ? request : { ...request, deadlineAt: undefined };
  const idempotency = idempotencyOf(principal, same, key);
  const asked = present({
    intent,
    agent,
    openedBy: principal.id,
    labels,
    deadlineAt,
    onBehalfOf,
    run,
    tools,
  });
  for (let attempt = 0; attempt < 5; attempt++) {
    const task = await ports.ledger.tasks
      .open({ id: newTaskId(), ...asked }, idempotency, ports.limits.taskRatePerAgent)
      .catch((error: unknown) => tellOfQuota(ports, agent, principal, error));
    if (task) return task;
  }
  throw new Fault('internal', 'No free task id was found.');
}

/** Whoever opens tasks in a loop is told of in a few records, and none is dropped (OPS-05). */
async function tellOfQuota(
  ports: Ports,
  agent: string,
  { id: by }: Principal,
  error: unknown,
): Promise<never> {
  if (error instanceof Fault && error.code === 'quota.task_rate') {
    const { code: fault, message: quota } = error;
    await ports.flood.tell({ type: 'task.limited', task: '', agent, by, fault, quota });
  }
  throw error;
}

/** Whom the task is for, where this principal may open one for it. */
function agentOf(principal: Principal, request: OpenTask): string {
  const agent = request.agent ?? principal.id;
  if (principal.kind === 'agent' && agent !== principal.id)
    throw new Fault(
      'role.missing',
      'An agent opens tasks for itself; an orchestrator may open them for others.',
    );
  if (principal.kind === 'orchestrator' && request.agent === undefined)
    throw new Fault('request.malformed', 'An orchestrator has to name the agent the task is for.', {
      errors: [{ pointer: '/agent', detail: 'required' }],
    });
  if (/^spiffe:/i.test(agent) && !parseSpiffeId(agent)?.path)
    throw new Fault('request.malformed', 'The agent is not the SPIFFE ID of a workload.', {
      errors: [{ pointer: '/agent', detail: 'no workload can have this SPIFFE ID' }],
    });
  return agent;
}

function mustBeWithinLongest({ longestTaskSeconds }: Ports['limits'], deadlineAt: number, now: number): void {
  if (deadlineAt > now && deadlineAt <= now + longestTaskSeconds * 1000) return;
  const longest = formatDuration(longestTaskSeconds);
  throw new Fault(
    'task.deadline_past',
    `The deadline must lie ahead, and a task may last ${longest} at the most.`,
    {
      errors: [{ pointer: '/deadline', detail: `expected within ${longest} from now` }],
    },
  );
}

export async function findTask(ports: Ports, principal: Principal, id: string): Promise<Task> {
  return visibleTask(principal, await ports.ledger.tasks.find(id));
}

export function listTasks(
  ports: Ports,
  principal: Principal,
  query: PageQuery & { readonly agent?: string },
): Promise<Page<Task>> {
  if (principal.kind === 'operator') return ports.ledger.tasks.list(query);
  if (principal.kind !== 'agent')
    throw new Fault(
      'role.missing',
      'Agents and operators list tasks; an orchestrator sees each of its own by its id.',
    );
  return ports.ledger.tasks.list({ ...query, agent: principal.id });
}

/** Owner, the orchestrator that opened it, or an operator with the admin role. */
export async function endTask(
  ports: Ports,
  principal: Principal,
  id: string,
  outcome: TaskOutcome,
): Promise<Task> {
  await findTask(ports, principal, id);
  if (principal.kind === 'operator') requireRole(principal, 'admin');
  return (await endAndDispatch(ports, id, { outcome, by: principal.id, via: 'call' })).task;
}

/** When it returns the task is fenced and every lease it had is due (I4); the work itself is only begun. */
export async function endAndDispatch(
  ports: Ports,
  id: string,
  end: TaskEnd,
): Promise<{ task: Task; again: boolean }> {
  const ended = await ports.ledger.tasks.end(id, end);
  if (!ended) throw new Fault('task.unknown', 'There is no such task.');
  if (ended.questions > 0) ports.meter.approvalEnded('cancelled', undefined, ended.questions);
  await Promise.all(ended.providers.map((provider) => dispatchDue(ports, provider)));
  return { task: ended.task, again: ended.alreadyEnded };
}
