import type { Ports } from '../broker/ports.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

const everyMs = 30_000;
const tasksAtOnce = 200;
/** Between two pieces of one pass, so that nobody notices: a hundred thousand tasks take eight minutes. */
const pauseMs = 1000;

/**
 * The index of due leases is what everything goes by, so it is itself looked after: every half minute one of the workers
 * goes through the tasks, piece by piece, and what is not over and is missing from the index is due again (I8).
 */
export function indexAudit(
  { ledger, log }: Pick<Ports, 'ledger' | 'log'>,
  timing = { everyMs, pauseMs },
): Repeating {
  let cursor: number | undefined;
  return repeat(async () => {
    if (cursor === undefined && !(await ledger.takeTurn('index', timing.everyMs))) return timing.everyMs / 2;
    const { next, mended } = await ledger.leases.mendIndex(tasksAtOnce, cursor);
    cursor = next;
    if (mended.length > 0)
      log.error({ leases: mended }, 'leases were missing from the index of due leases; they are back in it');
    return next === undefined ? timing.everyMs : timing.pauseMs;
  }, log);
}
