import type { AwaitingApproval } from '../../src/broker/broker.js';
import { delegate as delegateOrAsk } from '../../src/broker/delegate.js';
import type { Task } from '../../src/task/task.js';

/** The sub-task, where no person was asked. */
export function subtaskOf(answer: Task | AwaitingApproval): Task {
  if ('approval' in answer) throw new Error('a person was asked');
  return answer;
}

/** Delegates where policy asks no person. */
export const delegate = async (...asked: Parameters<typeof delegateOrAsk>): Promise<Task> =>
  subtaskOf(await delegateOrAsk(...asked));
