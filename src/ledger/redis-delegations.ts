import type { AuditEvent, Decided } from '../audit/event.js';
import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import { approvalIdPattern } from '../kernel/id.js';
import { present } from '../kernel/present.js';
import { actOf } from '../task/scope.js';
import type { NewTask, Task } from '../task/task.js';
import type { SeenAs } from './agent-ledger.js';
import type { AskedBefore, DelegationConditions, DelegationLedger } from './delegation-ledger.js';
import type { Idempotency, TaskLedger } from './ledger.js';
import { blocked, refusal } from './redis-leases.js';
import type { TaskBody } from './redis-tasks.js';
import type { RunScript } from './script.js';
import type { TaskMemory } from './task-memory.js';

interface Times {
  readonly retentionMs: number;
  readonly idempotencyMs: number;
}

export function redisDelegations(
  run: RunScript,
  times: Times,
  known: TaskMemory,
  { find }: Pick<TaskLedger, 'find'>,
): DelegationLedger {
  /** When it was opened, in ms since the epoch, or 0 where it was only looked; or what this key was answered with. */
  async function ask(
    { agent, parent = '', actors = [], deadlineAt }: Parameters<DelegationLedger['look']>[0],
    { id, body, event }: Readonly<Record<'id' | 'body' | 'event', string>>,
    { root, fanOut, tree, mustHold, approval }: DelegationConditions,
    asking: SeenAs,
    idempotency: Idempotency | undefined,
  ): Promise<number | Task | AskedBefore | undefined> {
    const [is, ...answer] = (await run(
      'open-subtask',
      id,
      agent,
      deadlineAt,
      body,
      event,
      times.retentionMs,
      idempotency?.key ?? '',
      idempotency?.digest ?? '',
      times.idempotencyMs,
      parent,
      actors[0]?.id ?? '',
      root,
      fanOut,
      tree,
      asking.issuer,
      asking.owner,
      asking.provedAt,
      approval?.id ?? '',
      approval?.digest ?? '',
      approval?.on ?? '',
      mustHold ?? '',
    )) as [string, ...(string | number)[]];
    const value = String(answer[0]);
    if (is === 'ok') return Number(value);
    if (is === 'clear') return 0;
    if (is === 'taken') return undefined;
    if (is === 'moved') throw known.moved(parent, answer);
    if (is === 'blocked') throw blocked(value);
    if (is === 'same') return approvalIdPattern.test(value) ? { approval: value } : before(value);
    throw refusal(is as FaultCode);
  }

  async function before(id: string): Promise<Task> {
    const task = await find(id);
    if (!task) throw new Fault('state.unavailable', 'The sub-task that the key has opened is gone.');
    return task;
  }

  return {
    async open(task, decided, conditions, asking, idempotency) {
      const { id, agent: _agent, deadlineAt: _deadlineAt, ...body } = task;
      const event = JSON.stringify(eventOf(task, decided, conditions.approval?.id));
      const texts = { id, body: JSON.stringify(body satisfies TaskBody), event };
      const answer = await ask(task, texts, conditions, asking, idempotency);
      if (typeof answer !== 'number') return answer;
      const opened = { ...task, state: 'open', openedAt: answer } as const;
      known.keep(opened);
      return opened;
    },

    async look(task, conditions, asking, idempotency) {
      const answer = await ask(task, { id: '', body: '', event: '' }, conditions, asking, idempotency);
      return typeof answer === 'number' ? undefined : answer;
    },
  };
}

function eventOf(
  { id, agent, parent = '', intent, actors = [], scope, deadlineAt }: NewTask,
  decided: Decided,
  approval: string | undefined,
) {
  const { id: by = '', issuer = '', claims = {} } = actors[0] ?? {};
  return present({
    type: 'task.delegated' as const,
    task: id,
    agent,
    parent,
    by,
    issuer,
    claims,
    intent,
    actors: actors.map((actor) => actor.id),
    act: actOf(agent, actors),
    scope,
    deadlineAt,
    decided,
    approval,
  }) satisfies AuditEvent;
}
