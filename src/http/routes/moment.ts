import type { Clock } from '../../kernel/clock.js';
import { Fault } from '../../kernel/fault.js';
import type { Deadline } from '../../wire/text.js';

/** Milliseconds since the epoch. How far ahead it may lie is for the broker to say. */
export function momentOf(deadline: Deadline, clock: Clock, pointer = '/deadline'): number {
  const now = clock();
  const at = 'inSeconds' in deadline ? now + deadline.inSeconds * 1000 : deadline.atMs;
  if (at > now) return at;
  throw new Fault('task.deadline_past', 'The deadline is not in the future.', {
    errors: [{ pointer, detail: 'lies in the past' }],
  });
}
