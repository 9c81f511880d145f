import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { NewStep, Step } from '../task/step.js';
import type { SeenAs } from './agent-ledger.js';
import { chainText } from './chain-record.js';
import type { Idempotency } from './ledger.js';
import type { StepConditions, StepLedger } from './step-ledger.js';
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
  /** When it was recorded, in ms since the epoch, or 0 where it was only looked; or what this key has recorded before. */
  async function ask(
    { taskId, agent }: Pick<Step, 'taskId' | 'agent'>,
    { id, body, event }: Readonly<Record<'id' | 'body' | 'event', string>>,
    { on, after, most, approval, mustHold }: StepConditions,
    asking: SeenAs,
    idempotency: Idempotency | undefined,
  ): Promise<number | Step> {
    const [is, ...answer] = (await run(
      'step',
      taskId,
      agent,
      id,
      on,
      after ? chainText(after) : '',
      body,
      event,
      most,
      idempotency?.key ?? '',
      idempotency?.digest ?? '',
      idempotencyMs,
      asking.issuer,
      asking.owner,
      asking.provedAt,
      approval?.id ?? '',
      approval?.digest ?? '',
      mustHold ?? '',
    )) as [string, ...(string | number)[]];
    if (is === 'ok') return Number(answer[0]);
    if (is === 'clear') return 0;
    if (is === 'moved') throw known.moved(taskId, answer);
    if (is === 'same') return toStep(taskId, agent, String(answer[0]), String(answer[1]));
    if (is === 'blocked') throw blocked(String(answer[0]));
    if (is === 'taken')
      throw new Fault('state.unavailable', 'The step id is taken.', { reason: 'id collision' });
    throw refusal(is as FaultCode);
  }

  return {
    inTurn: known.inTurn,

    async record(step, event, conditions, asking, idempotency) {
      const { id, taskId, agent, ...body } = step;
      const texts = { id, body: JSON.stringify(body satisfies Body), event: JSON.stringify(event) };
      const answer = await ask({ taskId, agent }, texts, conditions, asking, idempotency);
      if (typeof answer !== 'number') return answer;
      const { after } = conditions;
      if (after) known.stepped(taskId, { ...after, steppedAt: answer });
      return { ...step, decidedAt: answer };
    },

    async look(of, conditions, asking, idempotency) {
      const answer = await ask(of, { id: '', body: '', event: '' }, conditions, asking, idempotency);
      return typeof answer === 'number' ? undefined : answer;
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
