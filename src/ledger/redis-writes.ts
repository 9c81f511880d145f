import type { Redis } from 'ioredis';

/**
 * Commands given within one turn of the event loop leave in one write. Each write is a system call, and under load
 * they were a sixth of the broker's time; a lone command is held back for no longer than the rest of its turn.
 */
export function writeOncePerTurn(redis: Redis): Redis {
  redis.on('connect', () => {
    const { stream } = redis;
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    let held = false;
    const release = () => {
      held = false;
      stream.uncork();
    };
    stream.write = ((...args: unknown[]) => {
      if (!held) {
        held = true;
        stream.cork();
        setImmediate(release);
      }
      return write(...args);
    }) as typeof stream.write;
  });
  return redis;
}
