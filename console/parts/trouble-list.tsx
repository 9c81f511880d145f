import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { hrefOf } from '../place.js';
import { now } from '../time.js';
import { effectWords, shortAgent, troubleOf } from '../words.js';
import { State } from './state.jsx';
import { Words } from './text.jsx';

/** Leases that somebody has to look at, each with what is wrong and why it exists. */
export function TroubleList(props: {
  readonly leases: readonly LeaseShape[];
  readonly tasks: Readonly<Record<string, TaskSummaryShape>>;
}) {
  return (
    <ul class="troubles">
      {props.leases.map((lease) => {
        const task = props.tasks[lease.task];
        return (
          <li key={lease.id}>
            <State state={lease.state} />
            <div>
              <a href={hrefOf.lease(lease.id)}>
                <Words text={shortAgent(lease.agent)} clip />
              </a>{' '}
              holds <Words text={lease.credential} clip /> at <Words text={lease.provider} clip />:{' '}
              <strong class="bad-text">{troubleOf(lease, now.value) ?? 'on its way again'}</strong>
              <div class="quiet">
                {task && (
                  <>
                    It exists for “
                    <Words text={task.intent} clip />
                    ”, on behalf of <Words text={task.onBehalfOf ?? 'nobody who is named'} clip />.{' '}
                  </>
                )}
                When it is revoked: {effectWords[lease.revocation.effect].toLowerCase()}.
              </div>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
