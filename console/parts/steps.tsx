import type { StepShape } from '../../src/wire/step.js';
import { Moment } from './moment.jsx';
import { Words } from './text.jsx';

const signs = { permit: '●', ask: '◐', deny: '▲' } as const;
const words = { permit: 'permitted', ask: 'a person has to be asked', deny: 'denied' } as const;

/** The chain of tools of one task, as it was decided call by call. */
export function Steps({ taken }: { taken: readonly StepShape[] }) {
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">
        Steps <span class="quiet">{taken.length}</span>
      </h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Steps">
        <table class="small">
          <caption class="unseen">Tool calls of this task</caption>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Tool</th>
              <th scope="col">Decision</th>
              <th scope="col">Because of</th>
            </tr>
          </thead>
          <tbody>
            {taken.map(({ id, tool, kind, dataClass, decision, policies, fault, decidedAt }) => (
              <tr key={id}>
                <td>
                  <Moment at={decidedAt} />
                </td>
                <td>
                  <Words text={tool} />{' '}
                  <span class="quiet">
                    {[kind, dataClass].filter((known) => known !== undefined).join(', ')}
                  </span>
                </td>
                <td class={`step-${decision}`}>
                  <span aria-hidden="true">{signs[decision]}</span> {words[decision]}
                </td>
                <td>
                  {policies.map((policy) => (
                    <code key={policy}>{policy} </code>
                  ))}
                  {fault !== undefined && <code>{fault}</code>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
