import { LRUCache } from 'lru-cache';
import type { ToolChain } from '../task/chain.js';
import type { Task } from '../task/task.js';
import { readChain } from './chain-record.js';
import { ChainMoved } from './step-ledger.js';
import { openTurns } from './turns.js';
import type { Turns } from './turns.js';

/** Open tasks that a process remembers, to decide on them without a round trip. */
const rememberedTasks = 10_000;

/** What may have changed since: that the task has ended, and its tool chain. The scripts decide on both. */
export interface TaskMemory {
  recall(id: string): Task | undefined;
  keep(task: Task): void;
  forget(id: string): void;
  /** The task has this chain now, unless it is known to have a longer one. */
  stepped(id: string, chain: ToolChain): void;
  /** A script found another chain than the one decided on; takes count, text and time of it. */
  moved(id: string, found: readonly unknown[]): ChainMoved;
  /** For what would have to be decided again and again beside its like. */
  readonly inTurn: Turns;
}

export function taskMemory(): TaskMemory {
  const tasks = new LRUCache<string, Task>({ max: rememberedTasks });
  const memory: TaskMemory = {
    inTurn: openTurns(),
    recall: (id) => tasks.get(id),
    keep: (task) => void tasks.set(task.id, task),
    forget: (id) => void tasks.delete(id),
    stepped(id, chain) {
      const task = tasks.get(id);
      if (task && chain.count > (task.chain?.count ?? 0)) tasks.set(id, { ...task, chain });
    },
    moved(id, found) {
      const chain = readChain(found);
      const task = tasks.get(id);
      // A store that has gone back has a shorter chain: read anew what is true now.
      if (chain && chain.count > (task?.chain?.count ?? 0)) memory.stepped(id, chain);
      else tasks.delete(id);
      return new ChainMoved(task?.root ?? id);
    },
  };
  return memory;
}
