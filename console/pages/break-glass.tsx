import { useSignal } from '@preact/signals';
import type { breakGlassPage, BreakGlassShape } from '../../src/wire/break-glass.js';
import type { Shape } from '../../src/wire/shape.js';
import { get, post } from '../api.js';
import { useLoaded } from '../loading.js';
import { Moment } from '../parts/moment.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { ReasonDialog } from '../parts/reason-dialog.jsx';
import { Words } from '../parts/text.jsx';
import { hrefOf } from '../place.js';
import { may, session } from '../session.js';

type Outcome = NonNullable<BreakGlassShape['review']>['outcome'];

const outcomeWords: Record<Outcome, string> = { justified: 'justified', not_justified: 'not justified' };

/** What was taken in emergencies, what waits for its review first. It is taken by the API: no page shows a secret. */
export function BreakGlassPage() {
  const { value, fault, again } = useLoaded(
    'break-glass',
    (signal, unattended) =>
      get<Shape<typeof breakGlassPage>>('/v1/break-glass?page_size=200', { signal, unattended }),
    15_000,
  );
  const reviewing = useSignal<{ readonly one: BreakGlassShape; readonly outcome: Outcome } | undefined>(
    undefined,
  );
  const items = (value?.items ?? []).toSorted(
    (a, b) => Number(a.status === 'reviewed') - Number(b.status === 'reviewed'),
  );
  const waiting = items.filter(({ status }) => status !== 'reviewed').length;
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Break-glass</h1>
        <p class="quiet">
          {waiting} {waiting === 1 ? 'waits' : 'wait'} for a review
        </p>
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {value && items.length === 0 && <p class="empty">Nothing was taken in an emergency.</p>}
      {items.map((one) => (
        <article
          key={one.id}
          class={one.status === 'reviewed' ? 'card' : 'card bad-card'}
          aria-labelledby={one.id}
        >
          <h2 id={one.id}>
            <Words text={one.by} clip /> took <Words text={one.credential} clip />
          </h2>
          <p>
            <Words text={one.reason} /> <span class="quiet">({<Words text={one.ticket} />})</span>
          </p>
          <p class="quiet">
            <Moment at={one.openedAt} /> until <Moment at={one.endsAt} />, {one.status};{' '}
            <a href={hrefOf.task(one.task)}>{one.task}</a>
          </p>
          {one.review ? (
            <p>
              {outcomeWords[one.review.outcome]}, says <Words text={one.review.by} />,{' '}
              <Moment at={one.review.at} />: <Words text={one.review.note} />
            </p>
          ) : (
            <Review one={one} begin={(outcome) => (reviewing.value = { one, outcome })} />
          )}
        </article>
      ))}
      {reviewing.value && (
        <ReasonDialog
          title={`It was ${outcomeWords[reviewing.value.outcome]}`}
          act="Close the review"
          bad={reviewing.value.outcome === 'not_justified'}
          send={(note) =>
            post(`/v1/break-glass/${reviewing.value!.one.id}/review`, {
              outcome: reviewing.value!.outcome,
              note,
            })
          }
          onClose={() => {
            reviewing.value = undefined;
            again();
          }}
        >
          <p>
            What <Words text={reviewing.value.one.by} /> did with{' '}
            <Words text={reviewing.value.one.credential} /> is in{' '}
            <a href={hrefOf.task(reviewing.value.one.task)}>its task</a>.
          </p>
        </ReasonDialog>
      )}
    </div>
  );
}

function Review({ one, begin }: { one: BreakGlassShape; begin: (outcome: Outcome) => void }) {
  if (one.status === 'open') return <p class="quiet">It can be reviewed when it is over.</p>;
  if (one.by === session.value?.principal) return <p class="quiet">Somebody else has to review it.</p>;
  if (!may('admin') && !may('approver')) return null;
  return (
    <p class="actions">
      <button type="button" onClick={() => begin('not_justified')}>
        Not justified…
      </button>
      <button type="button" onClick={() => begin('justified')}>
        Justified…
      </button>
    </p>
  );
}
