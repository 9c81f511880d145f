import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { auditPage, AuditRecordShape } from '../../src/wire/audit.js';
import type { Shape } from '../../src/wire/shape.js';
import { get } from '../api.js';
import { verifyLinks } from '../chain.js';
import { useLoaded } from '../loading.js';
import { ProblemNote } from '../parts/problem.jsx';
import { SearchField } from '../parts/search-field.jsx';
import { Timeline } from '../parts/timeline.jsx';
import { Checkpoints } from '../parts/checkpoints.jsx';
import { ask, go, place } from '../place.js';
import { now } from '../time.js';

type AuditPage = Shape<typeof auditPage>;

/** Whose history: what the form has been given, told apart by its spelling. */
function subjectOf(text: string): string {
  if (text === '') return '';
  const value = encodeURIComponent(text);
  if (text.startsWith('lse_')) return `&lease=${value}`;
  if (text.startsWith('tsk_')) return `&task=${value}`;
  return `&agent=${value}`;
}

const spans: readonly (readonly [minutes: string, words: string])[] = [
  ['all', 'the beginning'],
  ['10', 'ten minutes ago'],
  ['60', 'an hour ago'],
  ['1440', 'a day ago'],
];

const kindsOfEvent =
  'task step lease credential approval breakglass revocation withdrawal block agent signal identity hook policy settings session'.split(
    ' ',
  );

function sinceOf(minutes: string): string {
  const ms = Number(minutes) * 60_000;
  return ms > 0 ? `&since=${encodeURIComponent(new Date(now.peek() - ms).toISOString())}` : '';
}

export function AuditPage() {
  const { query } = place.value;
  const subject = query.get('subject') ?? '';
  const type = query.get('type') ?? '';
  const more = useSignal<
    { of: string; records: readonly AuditRecordShape[]; next: string | undefined } | undefined
  >(undefined);
  // Of all there is, what is wanted is what has just happened; of one, its whole story.
  const since = query.get('since') ?? (subject === '' ? '60' : 'all');
  const from = useMemo(() => sinceOf(since), [since]);
  const key = `/v1/audit?page_size=200${subjectOf(subject)}${from}`;
  const first = useLoaded(key, (signal) => get<AuditPage>(key, { signal }));
  const later = more.value?.of === key ? more.value : undefined;
  const records = [...(first.value?.items ?? []), ...(later?.records ?? [])];
  const next = later ? later.next : first.value?.next_page_token;
  const shown = records.filter(({ event }) => type === '' || event.type.startsWith(type));

  const readOn = async () => {
    const page = await get<AuditPage>(`${key}&page_token=${encodeURIComponent(next ?? '')}`);
    more.value = { of: key, records: [...(later?.records ?? []), ...page.items], next: page.next_page_token };
  };

  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Audit</h1>
        <p class="quiet">Oldest first. Every record carries the hash of the one before it.</p>
      </header>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <SearchField
          name="subject"
          label="Lease, task or agent"
          hint="its whole id"
          value={subject}
          onCommit={(text) => go(ask({ subject: text }), 'replace')}
        />
        <label>
          Since
          <select
            name="since"
            value={since}
            onChange={(event) => go(ask({ since: event.currentTarget.value }), 'replace')}
          >
            {spans.map(([minutes, words]) => (
              <option key={minutes} value={minutes}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Kind of event
          <select
            name="type"
            value={type}
            onChange={(event) => go(ask({ type: event.currentTarget.value }), 'replace')}
          >
            <option value="">all</option>
            {kindsOfEvent.map((kind) => (
              <option key={kind} value={`${kind}.`}>
                {kind}
              </option>
            ))}
          </select>
        </label>
      </form>
      {first.fault !== undefined && <ProblemNote fault={first.fault} retry={first.again} />}
      <Checkpoints />
      <Verify records={records} whole={subject === ''} />
      {first.value && shown.length === 0 && (
        <p class="empty">
          {next === undefined
            ? 'No event of this kind.'
            : 'No event of this kind among those that were read so far.'}
        </p>
      )}
      <Timeline records={shown} />
      {next !== undefined && (
        <button type="button" onClick={() => void readOn()}>
          Read on
        </button>
      )}
    </div>
  );
}

/** Done here, in the browser, over what was sent: nobody has to be believed. */
function Verify({ records, whole }: { records: readonly AuditRecordShape[]; whole: boolean }) {
  const said = useSignal<{ readonly of: number; readonly broken: number | undefined } | undefined>(undefined);
  const current = said.value?.of === records.length ? said.value : undefined;
  return (
    <p class="verify">
      <button
        type="button"
        onClick={() =>
          void verifyLinks(records, whole).then((broken) => (said.value = { of: records.length, broken }))
        }
      >
        Verify these {records.length} records
      </button>{' '}
      {current && current.broken === undefined && (
        <span class="good-text">
          ✓ Each of the {current.of} records is as it was written
          {whole ? ', and none between them is missing' : ''}.
        </span>
      )}
      {current?.broken !== undefined && (
        <strong class="bad-text" role="alert">
          ▲ Record {current.broken} is not what was written: it was changed, or one before it was removed.
        </strong>
      )}
    </p>
  );
}
