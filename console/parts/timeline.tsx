import type { AuditRecordShape } from '../../src/wire/audit.js';
import { hrefOf } from '../place.js';
import { storyOf } from '../story.js';
import { Moment } from './moment.jsx';
import { Words } from './text.jsx';

/** What happened, in order; each with who, why and which policies decided. */
export function Timeline({ records }: { records: readonly AuditRecordShape[] }) {
  return (
    <ol class="timeline">
      {records.map(({ id, at, seq, event }) => {
        const { title, tone, facts, lease } = storyOf(event);
        return (
          <li key={id} class={`tone-${tone}`}>
            <Moment at={at} />
            <div>
              <strong>{title}</strong> {lease !== undefined && <a href={hrefOf.lease(lease)}>{lease}</a>}
              {facts.length > 0 && (
                <dl class="inline-facts">
                  {facts.map(([name, value]) => (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>{typeof value === 'string' ? <Words text={value} /> : <Moment at={value.at} />}</dd>
                    </div>
                  ))}
                </dl>
              )}
              <details>
                <summary>Record {seq}</summary>
                <pre>{JSON.stringify(event, undefined, 2)}</pre>
              </details>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
