import type { ToolChain } from '../task/chain.js';
import type { RedisClient } from './script.js';

/** A chain as it stands beside its task: the count and the time of its last step are the store's, the rest is text. */
export const chainText = ({ last, tools, kinds, dataClasses }: ToolChain): string =>
  JSON.stringify({ l: last, t: tools, k: kinds, c: dataClasses });

/** From its count, its text and the time of its last step; undefined before the first. */
export function readChain([count, text, steppedAt]: readonly unknown[]): ToolChain | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const { l, t, k, c } = JSON.parse(text) as Record<'l' | 't' | 'k' | 'c', readonly string[]>;
  return {
    count: Number(count),
    last: l,
    tools: t,
    kinds: k,
    dataClasses: c,
    steppedAt: Number(steppedAt),
  };
}

/** From the fields n, k, r and q of a task: what a tree has in common is beside its root, q. */
export async function chainOf(
  redis: RedisClient,
  prefix: string,
  [n, k, r, root]: readonly (string | null | undefined)[],
): Promise<ToolChain | undefined> {
  const [count, text] = root ? await redis.hmget(`${prefix}:${root}`, 'n', 'k') : [n, k];
  return readChain([count, text, r ?? 0]);
}
