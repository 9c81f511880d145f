import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from '../../src/sandbox/story/api-client.js';
import { eventually } from '../stack/eventually.js';
import type { Fleet } from './fleet.js';
import { leadsTo } from './kill-history.js';
import type { Moment, Step } from './kill-history.js';
import type { Place } from './place.js';

/** A secret that somebody received. */
export interface HandedOver {
  readonly lease: string;
  readonly task: string;
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** What those who called Protem know. Times are milliseconds of this process. */
export interface Told {
  readonly handedOver: HandedOver[];
  /** When the end of a task was acknowledged. */
  readonly endedAt: Map<string, number>;
  /** How often each answer came; `cut off` is none. */
  readonly answers: Map<string, number>;
  readonly diedAt: Map<string, number>;
}

const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
const mostOpenTasks = 3;
const mostUnderWay = 8;

/** Carries out a history, and then brings everything to its end: all processes up, all tasks ended. */
export async function run(place: Place, fleet: Fleet, history: readonly Moment[]): Promise<Told> {
  const told: Told = { handedOver: [], endedAt: new Map(), answers: new Map(), diedAt: new Map() };
  const open = new Set<string>();
  /** What has been begun; the load does not run ahead of what the processes can carry. */
  const underWay = new Set<Promise<unknown>>();
  let asks = 0;

  /** Undefined when it was cut off. */
  const heard = async (what: string, answer: Promise<Answer>): Promise<Answer | undefined> => {
    const came = await answer.catch(() => undefined);
    count(told.answers, `${what} ${came ? came.status : 'cut off'}`);
    return came;
  };
  const openTask = async () => {
    const answer = await heard('open', place.openTask(await fleet.api(asks++)));
    if (answer?.status === 201) open.add(String(answer.body.id));
  };
  const ask = async (task: string, ttl: string, key: string | undefined) => {
    const askedAt = performance.now();
    // The reason comes back in the audit log, and tells which requests are one.
    const body = { ttl, ...(key !== undefined && { reason: key }) };
    const answer = await heard('ask', place.ask(await fleet.api(asks++), task, body, key));
    if (answer?.status !== 201) return false;
    const answeredAt = performance.now();
    told.handedOver.push({ lease: String(answer.body.lease.id), task, askedAt, answeredAt });
    return true;
  };
  const askAndRetry = async (task: string, ttl: string, retried: boolean) => {
    const key = retried ? `request-${asks}` : undefined;
    if (!(await ask(task, ttl, key)) && retried) await ask(task, ttl, key);
  };
  const end = async (task: string) => {
    const answer = await heard('end', place.end(await fleet.api(asks++), task));
    if (answer?.status !== 200) return false;
    told.endedAt.set(task, told.endedAt.get(task) ?? performance.now());
    return open.delete(task);
  };

  async function take(step: Step): Promise<unknown> {
    const tasks = [...open];
    switch (step.do) {
      case 'ask':
        if (tasks.length < mostOpenTasks) await openTask();
        return Promise.all(
          Array.from({ length: open.size === 0 ? 0 : step.times }, (_, n) =>
            askAndRetry([...open][n % open.size]!, step.ttl, step.retried),
          ),
        );
      case 'end':
        return tasks.length > 0 && end(tasks[step.which % tasks.length]!);
      case 'release': {
        const { lease } = told.handedOver.at(-1 - (step.which % 20)) ?? {};
        return lease && heard('release', place.release(await fleet.api(step.which), lease));
      }
      case 'wait':
        return wait(step.ms);
      case 'provider fails':
        return place.provider.trouble({ call: new RegExp(step.call), is: 'error', times: step.times });
      case 'Redis is killed':
        await place.redis.end('SIGKILL');
        return place.redis.begin();
    }
  }

  const begin = async (step: Step) => {
    const taken = take(step);
    underWay.add(taken);
    void taken.finally(() => underWay.delete(taken)).catch(() => {});
    if (
      step.do === 'wait' ||
      underWay.size > mostUnderWay ||
      step.do === 'Redis is killed' ||
      open.size === 0
    )
      await taken;
  };
  for (const { steps, kill } of history) {
    const coming = [...steps];
    const load = async () => {
      await begin(coming.shift() ?? { do: 'ask', times: 4, ttl: '1h', retried: false });
      if (coming.length === 0) coming.push(leadsTo(kill));
      await wait(10);
    };
    count(told.diedAt, await fleet.kill(kill, load));
  }

  place.provider.trouble();
  await fleet.whole();
  await Promise.all(underWay);
  for (const task of open)
    await eventually('every task can be ended', async () => open.has(task) && (await end(task)));
  return told;
}
