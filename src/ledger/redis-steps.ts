import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { NewStep, Step } from '../task/step.js';
import { chainText } from './chain-record.js';
import type { StepLedger } from './step-ledger.js';
import { blocked, refusal } from './redis-leases.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';
import type { TaskMemory } from './task-memory.js';

type Body = Omit<NewStep, 'id' | 'taskId' | 'agent'>;

export function redisSteps(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  { idempotencyMs }: { readonly idempotencyMs: number },
  known: TaskMemory,
): StepLedger {
  return {
    inTurn: known.inTurn,

    async record(step, event, { on, after, most, approval }, asking, idempotency) {
      const { id, taskId, agent, ...body } = step;
      const [is, ...answer] = (await run(
        'step',
        taskId,
        agent,
        id,
        on,
        after ? chainText(after) : '',
        JSON.stringify(body satisfies Body),
        JSON.stringify(event),
        most,
        idempotency?.key ?? '',
        idempotency?.digest ?? '',
        idempotencyMs,
        asking.issuer,
        asking.owner,
        asking.provedAt,
        approval?.id ?? '',
        approval?.digest ?? '',
      )) as [string, ...(string | number)[]];
      if (is === 'moved') throw known.moved(taskId, answer);
      if (is === 'same') return toStep(taskId, agent, String(answer[0]), String(answer[1]));
      if (is === 'blocked') throw blocked(String(answer[0]));
      if (is === 'taken')
        throw new Fault('state.unavailable', 'The step id is taken.', { reason: 'id collision' });
      if (is !== 'ok') throw refusal(is as FaultCode);
      const decidedAt = Number(answer[0]);
      if (after) known.stepped(taskId, { ...after, steppedAt: decidedAt });
      return { ...step, decidedAt };
    },

    async list(taskId, most) {
      const [agent, fields] = await Promise.all([
        redis.hget(`${prefix}:${taskId}`, 'a'),
        redis.hgetall(`${prefix}:steps:${taskId}`),
      ]).catch((cause: unknown) => {
        throw unavailable(cause);
      });
      return Object.entries(fields)
        .map(([id, text]) => toStep(taskId, agent ?? '', id, text))
        .sort((a, b) => a.decidedAt - b.decidedAt || (a.id < b.id ? -1 : 1))
        .slice(-most);
    },

    async stepped(most) {
      try {
        const ids = await redis.zrange(`${prefix}:stepped`, '0', String(most - 1));
        const counts = await Promise.all(ids.map((id) => redis.hget(`${prefix}:${id}`, 'n')));
        return ids.map((id, index) => ({ id, count: Number(counts[index] ?? 0) }));
      } catch (cause) {
        throw unavailable(cause);
      }
    },

    async looked({ id, count }) {
      await run('looked', id, String(count));
    },
  };
}

function toStep(taskId: string, agent: string, id: string, text: string): Step {
  const cut = text.indexOf(' ');
  const body = JSON.parse(text.slice(cut + 1)) as Body;
  return { id, taskId, agent, ...body, decidedAt: Number(text.slice(0, cut)) };
}
