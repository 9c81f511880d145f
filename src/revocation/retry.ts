const firstMs = 1000;
/** No provider is left alone for longer, whatever it asks for. */
export const longestRetryMs = 300_000;

/**
 * When to try again after the n-th failure: 1 s, 2 s, 4 s ... up to 5 min, with full jitter in the upper half so
 * that a recovered provider is not met by everybody at once. It never gives up.
 */
export function retryInMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(longestRetryMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

const stuckAfterFailures = 6;
const stuckAfterMs = 600_000;

/** Whether a revocation that has failed so often, for so long, is to be shown as stuck. It is retried all the same. */
export const isStuck = (failures: number, sinceMs: number): boolean =>
  failures >= stuckAfterFailures || sinceMs >= stuckAfterMs;
