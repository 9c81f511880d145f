import type { BreakGlass, NewBreakGlass, Review } from '../approval/break-glass.js';
import { breakGlassIdPattern } from '../kernel/id.js';
import type { BreakGlassLedger } from './break-glass-ledger.js';
import { decodePageToken, encodePageToken } from './page-token.js';
import type { RedisClient, RunScript } from './script.js';
import { unavailable } from './script.js';

type Body = Omit<NewBreakGlass, 'id' | 'by' | 'task'>;

/** What is not reviewed is kept for good: an emergency is not forgotten because nobody looked. */
export function redisBreakGlass(redis: RedisClient, run: RunScript, prefix: string): BreakGlassLedger {
  async function find(id: string): Promise<BreakGlass | undefined> {
    // The name of any other record would be one as well.
    if (!breakGlassIdPattern.test(id)) return undefined;
    const fields = await redis.hgetall(`${prefix}:${id}`).catch((cause: unknown) => {
      throw unavailable(cause);
    });
    return fields['b'] === undefined ? undefined : toBreakGlass(id, fields);
  }
  return {
    find,

    async open({ id, by, task, ...body }, event) {
      const [openedAt, endsAt] = (await run(
        'open-break-glass',
        id,
        by,
        task,
        JSON.stringify(body satisfies Body),
        body.ttlSeconds * 1000,
        JSON.stringify(event),
      )) as [number, number];
      return { id, by, task, ...body, openedAt, endsAt };
    },

    async list({ pageSize, pageToken }) {
      const [score = '', member = ''] = decodePageToken(pageToken, /^\d{1,16}$/, breakGlassIdPattern) ?? [];
      const page = (await run('page', 'breakglass', 'down', score, member, pageSize)) as string[];
      const ids = page.filter((_, index) => index % 2 === 0);
      const items = (await Promise.all(ids.map(find))).filter((taken) => taken !== undefined);
      if (ids.length < pageSize) return { items };
      return { items, nextPageToken: encodePageToken([page.at(-1)!, page.at(-2)!]) };
    },

    review: async (id, review, event) =>
      (await run('review-break-glass', id, review.by, JSON.stringify(review), JSON.stringify(event))) === 1,

    expire: async (limit) => Number(await run('expire-break-glass', limit)),
  };
}

const toBreakGlass = (id: string, fields: Record<string, string>): BreakGlass => ({
  id,
  by: fields['a']!,
  task: fields['k']!,
  ...(JSON.parse(fields['b']!) as Body),
  openedAt: Number(fields['o']),
  endsAt: Number(fields['e']),
  ...(fields['v'] !== undefined && { review: JSON.parse(fields['v']) as Review }),
});
