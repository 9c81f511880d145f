import type { StepShape } from '../../src/wire/step.js';
import type { TaskShape } from '../../src/wire/task.js';
import { hrefOf } from '../place.js';
import type { TaskTree } from '../task-tree.js';
import { counted, shortAgent } from '../words.js';
import { Moment } from './moment.jsx';
import { Words } from './text.jsx';

const mostShown = 24;

/** The tools that were used so far, in order: what policy decides the next call by. What was refused is no part of it. */
export function ToolChain({ task: { id: own, openedAt }, tree }: { task: TaskShape; tree: TaskTree }) {
  const chain = tree.steps.filter(({ decision }) => decision === 'permit');
  const shown = chain.slice(-mostShown);
  const above = new Set(tree.above.map(({ id }) => id));
  const from = ({ task, decidedAt }: StepShape) =>
    above.has(task) && decidedAt < openedAt ? 'inherited' : 'elsewhere in its delegation';
  return (
    <section class="card" aria-labelledby="tools">
      <h2 id="tools">Tools used so far</h2>
      <p class="quiet">{summaryOf(chain, own, tree)}</p>
      {shown.length > 0 && (
        <ol class="flow" start={chain.length - shown.length + 1} aria-label="Tools used so far, in order">
          {shown.map((step, index) => (
            <Call
              key={step.id}
              step={step}
              nth={chain.length - shown.length + index + 1}
              from={step.task === own ? undefined : from(step)}
            />
          ))}
        </ol>
      )}
    </section>
  );
}

function Call({ step, nth, from }: { step: StepShape; nth: number; from: string | undefined }) {
  const { task, agent, tool, kind, dataClass, decidedAt } = step;
  return (
    <li class={from === undefined ? 'now' : 'other'}>
      <span class="role">
        {nth}
        {from !== undefined && ` · ${from}`} · <Moment at={decidedAt} />
      </span>
      <strong>
        <Words text={tool} />
      </strong>
      <span class={kind === 'write' ? 'warn' : 'quiet'}>
        {kind === undefined ? 'not in the settings' : [kind, dataClass].filter(Boolean).join(' · ')}
      </span>
      {from !== undefined && <a href={hrefOf.task(task)}>{shortAgent(agent)}</a>}
    </li>
  );
}

function summaryOf(chain: readonly StepShape[], own: string, { tasks, more }: TaskTree): string {
  if (chain.length === 0) return 'No tool call was permitted yet.';
  const others = chain.filter(({ task }) => task !== own).length;
  const all = (name: 'kind' | 'dataClass') =>
    [...new Set(chain.flatMap((step) => step[name] || []))].toSorted().join(' and ');
  const [kinds, classes] = [all('kind'), all('dataClass')];
  const calls = counted(chain.length, 'call');
  const where =
    others === 0
      ? ''
      : `, ${others} of them by the ${tasks.size - 1} other task${tasks.size === 2 ? '' : 's'} of its delegation`;
  return [
    `${calls}${where}.`,
    kinds === '' ? '' : `They ${kinds}${classes === '' ? '' : ` data that is ${classes}`}.`,
    more ? 'There are more tasks in its delegation than are shown.' : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}
