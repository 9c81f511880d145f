import type { TaskShape } from '../../src/wire/task.js';
import { get } from '../api.js';
import { useLoaded } from '../loading.js';
import { hrefOf } from '../place.js';
import { shortAgent } from '../words.js';
import { Words } from './text.jsx';

const deepest = 8;

/** The tasks that were delegated, and those that were delegated from them. */
export const SubTasks = ({ ids, depth = 1 }: { ids: readonly string[]; depth?: number }) => (
  <ul class="tree">
    {ids.map((id) => (
      <SubTask key={id} id={id} depth={depth} />
    ))}
  </ul>
);

function SubTask({ id, depth }: { id: string; depth: number }) {
  const { value } = useLoaded(id, (signal, unattended) =>
    get<TaskShape>(`/v1/tasks/${id}`, { signal, unattended }),
  );
  return (
    <li>
      <a href={hrefOf.task(id)}>{id}</a>{' '}
      {value && (
        <>
          <Words text={shortAgent(value.agent)} />, {value.state}: <Words text={value.intent} />
          {value.subtasks && value.subtasks.length > 0 && depth < deepest && (
            <SubTasks ids={value.subtasks} depth={depth + 1} />
          )}
        </>
      )}
    </li>
  );
}
