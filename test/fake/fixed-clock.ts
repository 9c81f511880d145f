import type { Clock } from '../../src/kernel/clock.js';

/** A clock that a test moves. */
export interface FixedClock extends Clock {
  set(ms: number): void;
}

export function fixedClock(ms: number): FixedClock {
  let now = ms;
  return Object.assign(() => now, {
    set(to: number) {
      now = to;
    },
  });
}
