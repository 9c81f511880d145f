import type { Shape } from '../src/wire/shape.js';
import type { steps, StepShape } from '../src/wire/step.js';
import type { TaskShape } from '../src/wire/task.js';
import { get } from './api.js';

/** A task among those that it was delegated from and to. */
export interface TaskTree {
  /** From whom nobody delegated down to the task itself. */
  readonly above: readonly TaskShape[];
  readonly tasks: ReadonlyMap<string, TaskShape>;
  /** The tool calls of all of them, in the order in which they were decided. */
  readonly steps: readonly StepShape[];
  /** There are more tasks in it than were read. */
  readonly more: boolean;
}

type Asking = Parameters<typeof get>[1];

const highest = 16;
const mostTasks = 40;

/** What no longer is kept, above or below, is left out. */
export async function readTree(task: TaskShape, asking: Asking): Promise<TaskTree> {
  const above = await climb(task, asking);
  const tasks = new Map(above.map((one) => [one.id, one]));
  let level = idsBelow([...tasks.values()], tasks);
  while (level.length > 0 && tasks.size < mostTasks) {
    const found = await Promise.all(level.slice(0, mostTasks - tasks.size).map((id) => find(id, asking)));
    const kept = found.filter((one) => one !== undefined);
    for (const one of kept) tasks.set(one.id, one);
    level = idsBelow(kept, tasks);
  }
  const taken = await Promise.all([...tasks.keys()].map((id) => stepsOf(id, asking)));
  const inOrder = taken.flat().toSorted((a, b) => (a.decidedAt < b.decidedAt ? -1 : 1));
  return { above, tasks, steps: inOrder, more: level.length > 0 };
}

async function climb(task: TaskShape, asking: Asking): Promise<TaskShape[]> {
  const above = [task];
  while (above.length < highest) {
    const { parent } = above[0]!;
    const next = parent === undefined ? undefined : await find(parent, asking);
    if (!next) break;
    above.unshift(next);
  }
  return above;
}

const idsBelow = (tasks: readonly TaskShape[], known: ReadonlyMap<string, unknown>): string[] =>
  tasks.flatMap(({ subtasks = [] }) => subtasks.filter((id) => !known.has(id)));

const find = (id: string, asking: Asking): Promise<TaskShape | undefined> =>
  get<TaskShape>(`/v1/tasks/${id}`, asking).catch(() => undefined);

const stepsOf = (id: string, asking: Asking): Promise<readonly StepShape[]> =>
  get<Shape<typeof steps>>(`/v1/tasks/${id}/steps`, asking).then(
    ({ items }) => items,
    () => [],
  );
