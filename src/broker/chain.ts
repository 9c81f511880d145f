import type { ChainBefore } from '../audit/event.js';
import { Fault } from '../kernel/fault.js';
import { ChainMoved } from '../ledger/step-ledger.js';
import type { Task } from '../task/task.js';

const attempts = 8;

/**
 * Decides, and decides again where another step of the task was recorded meanwhile, so that what is recorded was decided
 * on the chain that it follows. Throws task.busy when the chain does not stand still.
 */
export async function onTheChainAsItIs<Result>(decideAndRecord: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; attempt <= attempts; attempt++)
    try {
      return await decideAndRecord();
    } catch (error) {
      if (!(error instanceof ChainMoved)) throw error;
    }
  throw new Fault('task.busy', 'The steps of the task follow one another too fast.', {
    retryAfterSeconds: 1,
  });
}

/** For the audit: what policy saw of the chain; undefined before the first step. */
export function chainBefore({ chain }: Task): ChainBefore | undefined {
  if (!chain) return undefined;
  const { count, tools, kinds, dataClasses } = chain;
  return { count, tools, kinds, dataClasses };
}
