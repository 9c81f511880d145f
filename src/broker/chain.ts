import { setTimeout } from 'node:timers/promises';
import type { ChainBefore } from '../audit/event.js';
import { Fault } from '../kernel/fault.js';
import { ChainMoved } from '../ledger/step-ledger.js';
import type { StepLedger } from '../ledger/step-ledger.js';
import type { Task } from '../task/task.js';

/** Another process may add steps as well, and each of them has this one decide again. */
const attempts = 64;
/** After so many in vain it waits a moment, so that two processes do not keep step with one another. */
const inStep = 4;
const longestPauseMs = 5;

/**
 * Decides, and decides again where a step was recorded meanwhile, so that what is recorded was decided on the chain that it
 * follows. Throws task.busy when the chain does not stand still.
 */
export async function onTheChainAsItIs<Result>(decideAndRecord: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const result = await decideAndRecord().catch(onlyMoved);
    if (!(result instanceof ChainMoved)) return result;
    if (attempt % inStep === 0) await setTimeout(Math.random() * longestPauseMs);
  }
  throw new Fault('task.busy', 'The steps of the task follow one another too fast.', {
    retryAfterSeconds: 1,
  });
}

/** The same for what adds to the chain: where many come at once, those that were too late wait for their turn. */
export async function addingToTheChain<Result>(
  { inTurn }: Pick<StepLedger, 'inTurn'>,
  decideAndRecord: () => Promise<Result>,
): Promise<Result> {
  const result = await decideAndRecord().catch(onlyMoved);
  if (!(result instanceof ChainMoved)) return result;
  return inTurn(result.rootId, () => onTheChainAsItIs(decideAndRecord));
}

function onlyMoved(error: unknown): ChainMoved {
  if (error instanceof ChainMoved) return error;
  throw error;
}

/** For the audit: what policy saw of the chain; undefined before the first step. */
export function chainBefore({ chain }: Task): ChainBefore | undefined {
  if (!chain) return undefined;
  const { count, tools, kinds, dataClasses } = chain;
  return { count, tools, kinds, dataClasses };
}
