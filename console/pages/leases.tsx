import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { LeaseShape } from '../../src/wire/lease.js';
import { announce } from '../parts/announce.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { SearchField } from '../parts/search-field.jsx';
import { mostAtOnce, openBook } from '../leases/book.js';
import type { Listed } from '../leases/listing.js';
import { columns } from '../leases/order.js';
import type { Column, Sorting } from '../leases/order.js';
import { RevokeDialog } from '../leases/revoke-dialog.jsx';
import { forgetView, savedViews, saveView } from '../leases/saved-views.js';
import { LeaseTable } from '../leases/table.jsx';
import { kinds, queriesOf, viewOf } from '../leases/view.js';
import type { View } from '../leases/view.js';
import { listen } from '../live.js';
import { ask, go, place } from '../place.js';
import { may } from '../session.js';
import { counted, effectWords } from '../words.js';

/** Survives the updates of the list, and looking at something else. */
const selected = signal<ReadonlySet<string>>(new Set());

/** Of what is over the latest comes first. */
const sortingOf = (query: URLSearchParams, { only }: View): Sorting => {
  const text = query.get('sort') ?? (only === 'over' ? '-ends' : 'state');
  const column = columns.find((name) => name === text.replace('-', '')) ?? 'state';
  return { column, descending: text.startsWith('-') };
};

export function LeasesPage() {
  const { query } = place.value;
  const view = viewOf(query);
  const sorting = sortingOf(query, view);
  /** Those that were selected when it was asked for: what is previewed is what is revoked. */
  const revoking = useSignal<readonly LeaseShape[] | undefined>(undefined);
  const book = useMemo(() => openBook(view, sorting), queriesOf(view));
  useEffect(() => {
    void book.load();
    const quiet = listen({ changes: (changes) => book.apply(changes), resync: () => void book.load() });
    return () => {
      quiet();
      book.close();
    };
  }, [book]);
  useEffect(
    () => void book.arrange(view, sorting),
    [book, view.only, view.words, sorting.column, sorting.descending],
  );

  const listed = book.listed.value;
  const chosen = useMemo(() => countOf(selected.value, listed), [selected.value, listed]);
  const title = kinds.find(([kind]) => kind === view.only)![1];
  const busy = book.busy.value;
  const count = counted(listed.size, 'lease');
  const soFar = busy ? ' so far, more are being loaded' : book.more.value ? ' so far, and more' : '';
  const trouble = `${listed.troubled.toLocaleString()} in trouble`;
  const summary = `${count}${soFar}, ${trouble}`;
  const revocable = may('admin') && view.only !== 'over';
  // How many there are may change all the time; what is heard is what somebody has to know of.
  useEffect(() => {
    if (!busy) announce(summary);
  }, [title, trouble, busy]);

  const sortBy = (column: Column) =>
    go(ask({ sort: `${sorting.column === column && !sorting.descending ? '-' : ''}${column}` }), 'replace');

  return (
    <div class="page page-leases">
      <header class="page-head">
        <h1 tabIndex={-1}>Leases</h1>
        <p class="quiet" data-testid="summary">
          {busy && listed.size === 0 ? (
            'Loading'
          ) : (
            <>
              {count}
              {soFar}, {listed.troubled > 0 ? <strong class="bad-text">{trouble}</strong> : trouble}
            </>
          )}
        </p>
      </header>
      <Views />
      <Filters />
      {book.fault.value !== undefined && (
        <ProblemNote fault={book.fault.value} retry={() => void book.load()} />
      )}
      <div class="toolbar">
        {revocable && (
          <button
            class="bad"
            type="button"
            disabled={chosen === 0}
            onClick={() =>
              (revoking.value = [...selected.value].flatMap((id) =>
                listed.has(id) ? (book.find(id) ?? []) : [],
              ))
            }
          >
            Revoke {chosen === 0 ? '' : chosen.toLocaleString()} selected
          </button>
        )}
        {!may('admin') && <span class="quiet">To revoke leases you need the role admin.</span>}
        {selected.value.size > 0 && (
          <button type="button" onClick={() => (selected.value = new Set())}>
            Clear selection
          </button>
        )}
        {book.more.value && (
          <button type="button" disabled={busy} onClick={() => void book.loadMore()}>
            Load {mostAtOnce.toLocaleString()} more
          </button>
        )}
      </div>
      {listed.size === 0 && !busy ? (
        book.fault.value === undefined && <Nothing view={view} />
      ) : (
        <LeaseTable
          book={book}
          caption={`${title}: ${summary}`}
          sorting={sorting}
          onSort={sortBy}
          selected={selected}
          all={listed.size > 0 && chosen === listed.size}
          selectable={revocable}
          over={view.only === 'over'}
        />
      )}
      {revoking.value && (
        <RevokeDialog
          leases={revoking.value}
          tasks={book.tasks}
          onOrdered={() => (selected.value = new Set())}
          onClose={() => (revoking.value = undefined)}
        />
      )}
    </div>
  );
}

function Nothing({ view }: { view: View }) {
  const { agent, provider, credential, effect, task, words } = view;
  const filters = { agent, provider, credential, effect, task, words };
  if (Object.values(filters).some((value) => value !== ''))
    return (
      <p class="empty">
        No lease is found by these filters: an agent, an entry and a provider are asked for by their whole
        name.{' '}
        <a href={ask(Object.fromEntries(Object.keys(filters).map((name) => [name, ''])))}>
          Clear the filters
        </a>
      </p>
    );
  return (
    <p class="empty">
      {view.only === 'trouble'
        ? 'No lease is in trouble: whatever should have ended has ended.'
        : view.only === 'over'
          ? 'No lease that is over is kept.'
          : 'There is no lease here. When an agent is given one, it appears by itself.'}
    </p>
  );
}

/** How many of those that are selected are listed. */
function countOf(ids: ReadonlySet<string>, listed: Listed): number {
  let count = 0;
  for (const id of ids) if (listed.has(id)) count++;
  return count;
}

/** Everything that a view is, but for the view itself. */
function Views() {
  const { query } = place.value;
  const current = viewOf(query).only;
  const text = query.toString();
  return (
    <nav class="views" aria-label="Views">
      {kinds.map(([kind, title]) => (
        <a
          key={kind}
          href={ask({ view: kind === 'live' ? '' : kind })}
          aria-current={kind === current ? 'page' : undefined}
        >
          {title}
        </a>
      ))}
      {Object.entries(savedViews.value).map(([name, saved]) => (
        <span key={name} class="saved">
          <a href={`/console/leases?${saved}`} aria-current={saved === text ? 'page' : undefined}>
            <bdi>{name}</bdi>
          </a>
          <button type="button" aria-label={`Forget the view ${name}`} onClick={() => forgetView(name)}>
            ×
          </button>
        </span>
      ))}
      <SaveView query={text} />
    </nav>
  );
}

function SaveView({ query }: { query: string }) {
  const name = useSignal('');
  return (
    <form
      class="save-view"
      onSubmit={(event) => {
        event.preventDefault();
        saveView(name.value.trim(), query);
        name.value = '';
      }}
    >
      <input
        aria-label="Name for this view"
        placeholder="Save as view…"
        maxLength={40}
        value={name.value}
        onInput={(event) => (name.value = event.currentTarget.value)}
      />
      {name.value.trim() !== '' && <button>Save</button>}
    </form>
  );
}

function Filters() {
  const { query } = place.value;
  const field = (name: string, label: string, hint: string) => (
    <SearchField
      key={name}
      {...{ name, label, hint }}
      value={query.get(name) ?? ''}
      onCommit={(text) => go(ask({ [name]: text }), 'replace')}
    />
  );
  const used = ['words', 'agent', 'credential', 'provider', 'effect'].some((name) => query.get(name));
  return (
    <details class="fold" open={used || matchMedia('(min-width: 48rem)').matches}>
      <summary>Filters</summary>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        {field('words', 'Words', 'intent, person, id')}
        {field('agent', 'Agent', 'whole id')}
        {field('credential', 'Credential', 'entry')}
        {field('provider', 'Provider', 'name')}
        <label>
          Revoking
          <select
            name="effect"
            value={query.get('effect') ?? ''}
            onChange={(event) => go(ask({ effect: event.currentTarget.value }), 'replace')}
          >
            <option value="">any</option>
            {Object.entries(effectWords).map(([effect, words]) => (
              <option key={effect} value={effect}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </form>
    </details>
  );
}
