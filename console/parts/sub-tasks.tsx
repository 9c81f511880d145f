import { hrefOf } from '../place.js';
import type { TaskTree } from '../task-tree.js';
import { shortAgent } from '../words.js';
import { Words } from './text.jsx';

/** The tasks that were delegated, and those that were delegated from them. */
export const SubTasks = ({ ids, tree }: { ids: readonly string[]; tree: TaskTree }) => (
  <ul class="tree">
    {ids.map((id) => {
      const task = tree.tasks.get(id);
      return (
        <li key={id}>
          <a href={hrefOf.task(id)}>{id}</a>{' '}
          {task && (
            <>
              <Words text={shortAgent(task.agent)} />, {task.state}: <Words text={task.intent} />
              {task.subtasks && task.subtasks.length > 0 && <SubTasks ids={task.subtasks} tree={tree} />}
            </>
          )}
        </li>
      );
    })}
  </ul>
);
