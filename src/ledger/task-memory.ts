import { LRUCache } from 'lru-cache';
import { present } from '../kernel/present.js';
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
    keep: (task) => void tasks.set(task.id, inOneShape(task, task.chain)),
    forget: (id) => void tasks.delete(id),
    stepped(id, chain) {
      const task = tasks.get(id);
      if (task && chain.count > (task.chain?.count ?? 0)) tasks.set(id, inOneShape(task, chain));
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

/** Its members in one order: what is spread together has a hidden class of its own in V8, and reading thousands is slow. */
const inOneShape = (from: Task, chain: ToolChain | undefined): Task =>
  present({
    id: from.id,
    intent: from.intent,
    agent: from.agent,
    openedBy: from.openedBy,
    onBehalfOf: from.onBehalfOf,
    run: from.run,
    labels: from.labels,
    tools: from.tools,
    parent: from.parent,
    root: from.root,
    actors: from.actors,
    scope: from.scope,
    subtasks: from.subtasks,
    openedAt: from.openedAt,
    deadlineAt: from.deadlineAt,
    state: from.state,
    chain,
  });
