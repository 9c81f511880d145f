import type { TaskShape } from '../../src/wire/task.js';
import { hrefOf } from '../place.js';
import { shortAgent } from '../words.js';
import { Words } from './text.jsx';

export interface Acting {
  readonly onBehalfOf: string | undefined;
  /** Who opened the first of its tasks. */
  readonly openedBy: string | undefined;
  /** Each acts for the one before it; the last one is the agent that acts now. */
  readonly agents: readonly { readonly id: string; readonly task: string | undefined }[];
}

interface Delegated {
  readonly agent: string;
  readonly actors?: readonly string[] | undefined;
}

/** From what a task, or a lease of it, has of its delegation; `taskOf` knows the task of an agent above. */
export const actingOf = (
  { agent, actors = [] }: Delegated,
  task: Partial<Pick<TaskShape, 'onBehalfOf' | 'openedBy'>> | undefined,
  taskOf: (agent: string) => string | undefined = () => undefined,
): Acting => ({
  onBehalfOf: task?.onBehalfOf,
  openedBy: task?.openedBy,
  agents: [...actors.toReversed(), agent].map((id) => ({ id, task: taskOf(id) })),
});

/** Who acts for whom, end to end: from whom it is done for to the agent that acts. */
export function ActChain({ onBehalfOf, openedBy, agents }: Acting) {
  const orchestrator = openedBy === agents[0]?.id ? undefined : openedBy;
  const last = agents.length - 1;
  return (
    <ol class="flow act" aria-label="Who acts for whom">
      <li class="whom">
        <span class="role">it is done for</span>
        <Words text={onBehalfOf ?? 'nobody is named'} />
      </li>
      {orchestrator !== undefined && (
        <li>
          <span class="role">opened by</span>
          <Words text={orchestrator} />
        </li>
      )}
      {agents.map(({ id, task }, index) => (
        <li key={id} class={index === last ? 'now' : ''}>
          <span class="role">{index === last ? 'acts' : 'delegated it'}</span>
          <Words text={shortAgent(id)} />
          {task !== undefined && index < last && <a href={hrefOf.task(task)}>its task</a>}
        </li>
      ))}
    </ol>
  );
}
