import type { Redis } from 'ioredis';
import { atEndOfTurn } from './end-of-turn.js';

/** So much is worth a system call of its own, and Redis can begin with it. */
const heldCharacters = 4096;

/**
 * Commands given within one turn of the event loop leave in one write, or in a few where they are many. Each write is a
 * system call, and under load they were a sixth of the broker's time; a lone command is held back for no longer than the
 * rest of its turn.
 */
export function writeOncePerTurn(redis: Redis): Redis {
  redis.on('connect', () => {
    const { stream } = redis;
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    let held: number | undefined;
    const release = () => {
      if (held === undefined) return;
      held = undefined;
      stream.uncork();
    };
    stream.write = ((...args: [string | Uint8Array, ...unknown[]]) => {
      if (held === undefined) {
        held = 0;
        stream.cork();
        atEndOfTurn(release);
      }
      const takesMore = write(...args);
      held += args[0].length;
      if (held >= heldCharacters) release();
      return takesMore;
    }) as typeof stream.write;
  });
  return redis;
}
