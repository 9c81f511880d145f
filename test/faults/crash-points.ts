import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { atEndOfTurn } from '../../src/ledger/end-of-turn.js';
import { scriptsBySha } from '../../src/ledger/script.js';

/**
 * Where a process dies: at the nth time it comes there. `sent`: the request is on its way to Redis, and the answer has
 * not been read.
 */
export interface CrashPoint {
  readonly at: string;
  readonly when: 'before' | 'sent' | 'after';
  readonly nth: number;
}

let armed: CrashPoint | undefined;
let times = 0;

export function arm(point: CrashPoint | undefined): void {
  armed = point;
  times = 0;
}

/** SIGKILL is carried out before the call returns. */
export function passes(at: string, when: CrashPoint['when']): void {
  if (armed?.at === at && armed.when === when && ++times >= armed.nth) process.kill(process.pid, 'SIGKILL');
}

const digest = (text: string) => createHash('sha1').update(text).digest('hex');

/** From now on every script that is sent to Redis is a point, by its name; those of the queue are one, `queue`. */
export function watchRedis(): void {
  const names: ReadonlyMap<string, string> = scriptsBySha();
  const nameOf = ({ name, args }: { name: string; args: readonly unknown[] }): string | undefined => {
    if (name === 'evalsha') return names.get(String(args[0])) ?? 'queue';
    return name === 'eval' ? names.get(digest(String(args[0]))) : undefined;
  };
  const { sendCommand } = Redis.prototype;
  Redis.prototype.sendCommand = function (this: Redis, ...[command, stream]) {
    const name = nameOf(command as never);
    if (name === undefined) return sendCommand.call(this, command, stream);
    passes(name, 'before');
    void command.promise.then(
      () => passes(name, 'after'),
      () => {},
    );
    const answer = sendCommand.call(this, command, stream);
    // Commands leave at the end of this turn of the event loop, and no answer is read before the next.
    atEndOfTurn(() => passes(name, 'sent'));
    return answer;
  };
}

/** The queue's worker waits for a job in one blocking command; from now on that never comes back, with no error. */
export function silenceQueue(): void {
  const { sendCommand } = Redis.prototype;
  Redis.prototype.sendCommand = function (this: Redis, ...[command, stream]) {
    const { name } = command as unknown as { name: string };
    return name.startsWith('bz') ? new Promise(() => {}) : sendCommand.call(this, command, stream);
  };
}
