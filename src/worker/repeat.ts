import type { Log } from '../broker/ports.js';

export interface Repeating {
  /** Ends it; waits for the round under way. */
  close(): Promise<void>;
}

const afterFailureMs = 500;

/** Does something again and again; each round says how many milliseconds until the next. A failing round is logged. */
export function repeat(round: () => Promise<number>, log: Pick<Log, 'warn'>): Repeating {
  let closed = false;
  let wake: (() => void) | undefined;
  const running = (async () => {
    while (!closed) {
      const sleepMs = await round().catch((error: unknown) => {
        log.warn({ err: error }, 'a background round failed; it is repeated');
        return afterFailureMs;
      });
      if (closed) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, sleepMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  return {
    async close() {
      closed = true;
      wake?.();
      await running;
    },
  };
}
