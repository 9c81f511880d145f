import { createHash } from 'node:crypto';
import { formatDuration } from '../kernel/duration.js';
import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import { taskIdPattern } from '../kernel/id.js';
import type { Clock } from '../kernel/clock.js';
import type { ToolChain } from '../task/chain.js';
import type { Rate } from '../policy/rate.js';
import type { Task, TaskOutcome } from '../task/task.js';
import { chainOf } from './chain-record.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import type { EndedTask, TaskLedger } from './ledger.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';
import type { TaskMemory } from './task-memory.js';

/** What is kept of a task as it was opened. */
export type TaskBody = Pick<
  Task,
  'intent' | 'openedBy' | 'onBehalfOf' | 'run' | 'labels' | 'tools' | 'parent' | 'root' | 'actors' | 'scope'
>;

interface Times {
  readonly retentionMs: number;
  readonly idempotencyMs: number;
}

export function redisTasks(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  times: Times,
  now: Clock,
  known: TaskMemory,
): TaskLedger {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });

  async function find(id: string): Promise<Task | undefined> {
    const fields = await ask(redis.hgetall(`${prefix}:${id}`));
    if (fields['b'] === undefined) return undefined;
    const { n, k, r, q } = fields;
    return toTask(id, fields, await ask(chainOf(redis, prefix, [n, k, r, q])), now());
  }

  const remembered = (task: Task | undefined): Task | undefined => {
    if (task?.state === 'open') known.keep(task);
    return task;
  };

  /** The task and all below it, with how many live leases each has. */
  async function treeOf(id: string): Promise<{ readonly id: string; readonly live: number }[]> {
    const found: { id: string; live: number }[] = [];
    for (let level = [id]; level.length > 0;) {
      const facts = await ask(Promise.all(level.map((one) => redis.hmget(`${prefix}:${one}`, 'h', 'l'))));
      found.push(...level.map((one, index) => ({ id: one, live: Number(facts[index]?.[1] ?? 0) })));
      level = facts.flatMap(([marks]) => idsOf(marks ?? ''));
    }
    return found;
  }

  return {
    find,

    async recall(id) {
      const task = known.recall(id);
      return task && task.deadlineAt > now() ? task : remembered(await find(id));
    },

    async open(task, idempotency, rate) {
      const { id, agent, deadlineAt, ...rest } = task;
      const event = JSON.stringify({
        type: 'task.opened',
        task: id,
        agent,
        by: task.openedBy,
        ...rest,
        deadlineAt,
      });
      const [is, value] = (await run(
        'open-task',
        id,
        agent,
        deadlineAt,
        JSON.stringify(rest satisfies TaskBody),
        event,
        times.retentionMs,
        idempotency?.key ?? '',
        idempotency?.digest ?? '',
        times.idempotencyMs,
        task.run === undefined ? '' : runKey(task.run),
        rate?.most ?? '',
        (rate?.withinSeconds ?? 0) * 1000,
        digestOf(task.openedBy),
      )) as [string, number | string];
      if (is === 'taken') return undefined;
      if (is === 'task.run_full')
        throw new Fault(is, 'The run has as many open tasks as one may have.', { retryAfterSeconds: 60 });
      if (is === 'quota.task_rate') throw openedTooFast(Number(value), rate!);
      if (is === 'same') return find(String(value));
      if (is !== 'ok') throw new Fault(is as FaultCode, 'The key was used for another request.');
      return remembered({ ...task, state: 'open', openedAt: Number(value) });
    },

    below: async (id) => (await treeOf(id)).slice(1).map((task) => task.id),

    holding: async (id) => (await treeOf(id)).flatMap((task) => (task.live > 0 ? [task.id] : [])),

    async list({ agent, pageSize, pageToken }) {
      const [score = '', member = ''] = decodePageToken(pageToken, /^\d{1,16}$/, taskIdPattern) ?? [];
      const set = agent === undefined ? 'tasks' : `tasks:${agent}`;
      const found = (await run('page', set, 'down', score, member, pageSize)) as string[];
      const ids = found.filter((_, index) => index % 2 === 0);
      const items = (await Promise.all(ids.map(find))).filter((task) => task !== undefined);
      if (ids.length < pageSize) return { items };
      return { items, nextPageToken: encodePageToken([found.at(-1)!, found.at(-2)!]) };
    },

    async ofRun(name) {
      const run = `${prefix}:${runKey(name)}`;
      const openers = await ask(redis.smembers(run));
      return (await ask(Promise.all(openers.map((by) => redis.smembers(`${run}:${by}`))))).flat();
    },

    async end(id, { outcome, by, via, reason }) {
      const before = await find(id);
      if (!before) return undefined;
      const { agent } = before;
      const event = JSON.stringify({ type: 'task.ended', task: id, agent, by, via, outcome, reason });
      const answer = (await run('end-task', id, outcome, by, via, event)) as EndAnswer | null;
      known.forget(id);
      for (const below of answer?.[2] ?? []) known.forget(below);
      const task = answer && (await find(id));
      if (!answer || !task) return undefined;
      const [is, providers, subtasks, questions] = answer;
      return { task, alreadyEnded: is === 'already', providers, subtasks, questions } satisfies EndedTask;
    },
  };
}

const openedTooFast = (waitMs: number, { most, withinSeconds }: Rate): Fault =>
  new Fault(
    'quota.task_rate',
    `As many tasks were opened for this agent as may be: ${most} in ${formatDuration(withinSeconds)}.`,
    { retryAfterSeconds: Math.ceil(waitMs / 1000) },
  );

/** The orchestrator's own text may be long. */
const runKey = (run: string): string => `run:${digestOf(run)}`;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

function toTask(id: string, fields: Record<string, string>, chain: ToolChain | undefined, now: number): Task {
  const deadlineAt = Number(fields['d']);
  const open = fields['s'] === 'o';
  return {
    id,
    agent: fields['a']!,
    ...(JSON.parse(fields['b']!) as TaskBody),
    openedAt: Number(fields['o']),
    deadlineAt,
    ...(chain && { chain }),
    ...(fields['h'] && { subtasks: idsOf(fields['h']) }),
    state: !open ? 'ended' : deadlineAt <= now ? 'lapsed' : 'open',
    ...(!open && {
      endedAt: Number(fields['z']),
      endedBy: fields['w']!,
      outcome: fields['c'] as TaskOutcome,
    }),
  };
}

type EndAnswer = readonly [
  is: string,
  providers: readonly string[],
  below: readonly string[],
  questions: number,
];

/** The eight characters of each. */
const idsOf = (marks: string): string[] => (marks.match(/.{8}/g) ?? []).map((mark) => `tsk_${mark}`);
