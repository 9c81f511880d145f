import type { ToolChain } from '../task/chain.js';

/** A chain as it stands beside its task: the count and the time of its last step are the store's, the rest is text. */
export const chainText = ({ last, tools, kinds, dataClasses }: ToolChain): string =>
  JSON.stringify({ l: last, t: tools, k: kinds, c: dataClasses });

/** Undefined before the first step. */
export function readChain(count?: unknown, text?: unknown, steppedAt?: unknown): ToolChain | undefined {
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
