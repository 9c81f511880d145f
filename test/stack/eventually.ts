import { setTimeout as wait } from 'node:timers/promises';

/** Asks until the answer is neither undefined nor false; throws, with the last error, when that takes too long. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 15_000,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    let error: unknown;
    const answer = await Promise.resolve()
      .then(ask)
      .catch((cause: unknown) => {
        error = cause;
        return undefined;
      });
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > giveUpAt)
      throw new Error(`not within ${withinMs} ms: ${what}`, error === undefined ? {} : { cause: error });
    await wait(20);
  }
}
