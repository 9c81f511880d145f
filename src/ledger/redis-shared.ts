import type { Enrolled, Note, Roster, SharedState } from '../issuance/world.js';
import type { Lease } from '../lease/lease.js';
import { parseLease } from './lease-record.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

const pageSize = 500;

/** What the processes share about the leases of one provider. */
export function redisShared(
  redis: RedisClient,
  run: RunScript,
  prefix: string,
  provider: string,
): SharedState {
  const ask = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      throw unavailable(cause);
    });
  const rosterKey = (group: string) => `${prefix}:roster:${provider}:${group}`;

  return {
    async roster(group) {
      const readAt = Number(await run('now'));
      const members = await ask(membersOf(redis, rosterKey(group)));
      const found: Lease[] = [];
      const lost: { leaseId: string; mintedUntil: number }[] = [];
      for (const page of pages([...members])) {
        const texts = await ask(redis.mget(page.map(([id]) => `${prefix}:${id}`)));
        for (const [i, [leaseId, mintedUntil]] of page.entries()) {
          const text = texts[i];
          const lease = typeof text === 'string' ? parseLease(leaseId, text) : undefined;
          if (lease) found.push(lease);
          else lost.push({ leaseId, mintedUntil });
        }
      }
      const tasks = await ask(tasksOf(redis, prefix, found, readAt));
      return { readAt, lost, leases: found.map((lease) => enrolled(lease, tasks)) } satisfies Roster;
    },

    async forget(group, leaseIds) {
      for (const page of pages(leaseIds)) await ask(redis.zrem(rosterKey(group), ...page));
    },

    async turn(group, holder, ttlMs, above = 0) {
      const name = `${provider}:${group}`;
      const epoch = await run('turn', name, holder, ttlMs, above);
      if (epoch === null) return undefined;
      return { epoch: Number(epoch), end: async () => void (await run('end-turn', name, holder)) };
    },

    async note(kind, group) {
      const text = await ask(redis.hget(`${prefix}:notes:${provider}:${kind}`, group));
      return text === null ? undefined : (JSON.parse(text) as Note);
    },

    leaveNote: async (kind, group, note) =>
      (await run('leave-note', `${provider}:${kind}`, group, note.epoch, JSON.stringify(note))) === 1,

    groups: async () => (await ask(redis.smembers(`${prefix}:rosters:${provider}`))).toSorted(),
  };
}

/**
 * All members, with their scores, page by page. SCAN promises every member that is there from the beginning to the end,
 * whatever is added and taken out meanwhile.
 */
async function membersOf(redis: RedisClient, key: string): Promise<ReadonlyMap<string, number>> {
  const members = new Map<string, number>();
  let cursor = '0';
  do {
    const [next, found] = await redis.zscan(key, cursor, 'COUNT', pageSize);
    for (let i = 0; i < found.length; i += 2) members.set(found[i]!, Number(found[i + 1]));
    cursor = next;
  } while (cursor !== '0');
  return members;
}

interface TaskFacts {
  readonly closed: boolean;
  readonly spoiled: boolean;
}

/** A task that is gone, has ended or has passed its deadline can have no further lease. */
async function tasksOf(
  redis: RedisClient,
  prefix: string,
  leases: readonly Lease[],
  now: number,
): Promise<ReadonlyMap<string, TaskFacts>> {
  const facts = new Map<string, TaskFacts>();
  for (const page of pages([...new Set(leases.map(({ taskId }) => taskId))])) {
    const found = await Promise.all(page.map((id) => redis.hmget(`${prefix}:${id}`, 's', 'd', 'x')));
    for (const [i, id] of page.entries()) {
      const [state, deadline, spoiled] = found[i] ?? [];
      const closed = state !== 'o' || !(Number(deadline) > now);
      facts.set(id, { closed, spoiled: spoiled !== null || state === null });
    }
  }
  return facts;
}

function enrolled(lease: Lease, tasks: ReadonlyMap<string, TaskFacts>): Enrolled {
  const { id, taskId, handle, state, reservedAt, mintUntil, renewedAt, revocationRequestedAt, writtenAt } =
    lease;
  const task = tasks.get(taskId);
  return {
    leaseId: id,
    taskId,
    handle,
    live: state === 'reserved' || state === 'active',
    reservedAt,
    expiresAt: Math.max(lease.expiresAt, lease.mayLiveUntil ?? 0),
    ...(renewedAt !== undefined && { renewedAt }),
    ...(mintUntil !== undefined && { mintUntil }),
    ...(revocationRequestedAt !== undefined && { revocationRequestedAt }),
    ...(writtenAt !== undefined && { writtenAt }),
    taskClosed: task?.closed ?? false,
    taskSpoiled: task?.spoiled ?? true,
  };
}

function* pages<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += pageSize) yield items.slice(from, from + pageSize);
}
