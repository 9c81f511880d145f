import type { Lease } from '../lease/lease.js';
import { parseLease } from './lease-record.js';
import type { LeaseLedger, LeaseQuery, Page } from './ledger.js';
import { decodePageToken, encodePageToken, notOurs } from './page-token.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

/** Records looked at for one page: a rare match may give a short page with a token to go on, never a slow one. */
const scanLimit = 5000;
const chunk = 500;

/** The shape of a token of all leases: the set, and the last one seen in it with its score, if any. */
const place = [/^(due:.{1,100}|ended)$/, /^(\d{1,16}(\.\d+)?)?$/, /^(lse_[0-9A-Za-z]{14})?$/];

/**
 * Leases that are not over, provider by provider in the order in which they are due, then those that are, latest
 * last. A filter by task goes straight to the task's leases.
 */
export function redisLeaseList(redis: RedisClient, run: RunScript, prefix: string): LeaseLedger['list'] {
  const read = async (ids: readonly string[]): Promise<Lease[]> => {
    if (ids.length === 0) return [];
    const texts = await redis.mget(ids.map((id) => `${prefix}:${id}`));
    return texts.flatMap((text, index) => {
      const lease = text === null ? undefined : parseLease(ids[index]!, text);
      return lease ? [lease] : [];
    });
  };

  async function ofTask(query: LeaseQuery & { task: string }): Promise<Page<Lease>> {
    const start = Number(decodePageToken(query.pageToken, /^\d{1,9}$/)?.[0] ?? 0);
    const marks = await marksOf(redis, `${prefix}:${query.task}`);
    const ids = (marks.match(/.{6}/g) ?? []).map((mark) => `lse_${query.task.slice(4)}${mark}`);
    const items: Lease[] = [];
    let at = start;
    while (at < ids.length && items.length < query.pageSize) {
      const slice = ids.slice(at, at + query.pageSize - items.length);
      items.push(...(await read(slice)).filter(matches(query)));
      at += slice.length;
    }
    return at < ids.length ? { items, nextPageToken: encodePageToken([at]) } : { items };
  }

  async function ofAll(query: LeaseQuery): Promise<Page<Lease>> {
    const providers = query.provider
      ? [query.provider]
      : (await redis.smembers(`${prefix}:providers`)).sort();
    const sets = [...providers.map((name) => `due:${name}`), 'ended'];
    let [set, score, member] = decodePageToken(query.pageToken, ...place) ?? [sets[0]!, '', ''];
    if (!sets.includes(set!)) throw notOurs();
    const items: Lease[] = [];
    for (let scanned = 0; scanned < scanLimit;) {
      const limit = Math.min(chunk, scanLimit - scanned);
      const found = (await run('page', set!, 'up', score!, member!, limit)) as string[];
      const leases = new Map(
        (await read(found.filter((_, index) => index % 2 === 0))).map((lease) => [lease.id, lease]),
      );
      for (let i = 0; i < found.length; i += 2) {
        [member, score] = [found[i]!, found[i + 1]!];
        const lease = leases.get(member);
        if (lease && matches(query)(lease)) items.push(lease);
        if (items.length === query.pageSize)
          return { items, nextPageToken: encodePageToken([set!, score, member]) };
      }
      scanned += Math.max(1, found.length / 2);
      if (found.length / 2 < limit) {
        const following = sets[sets.indexOf(set!) + 1];
        if (following === undefined) return { items };
        [set, score, member] = [following, '', ''];
      }
    }
    return { items, nextPageToken: encodePageToken([set!, score!, member!]) };
  }

  return (query) =>
    (query.task === undefined ? ofAll(query) : ofTask({ ...query, task: query.task })).catch(
      (cause: unknown) => {
        throw cause instanceof Error && cause.name === 'Fault' ? cause : unavailable(cause);
      },
    );
}

const matches =
  (query: LeaseQuery) =>
  (lease: Lease): boolean =>
    (query.state === undefined || lease.state === query.state) &&
    (query.agent === undefined || lease.agent === query.agent) &&
    (query.provider === undefined || lease.provider === query.provider) &&
    (query.entry === undefined || lease.entry === query.entry) &&
    (query.effect === undefined || lease.effect === query.effect);

/** What the ids of its leases end with, one after the other, in the fields that lease.lua tells of. */
async function marksOf(redis: RedisClient, task: string): Promise<string> {
  const last = Number((await redis.hget(task, 'i')) ?? 0);
  const fields = Array.from({ length: last + 1 }, (_, i) => (i === 0 ? 'm' : `m${i}`));
  return (await redis.hmget(task, ...fields)).join('');
}
