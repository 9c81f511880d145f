import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AuditRecordShape } from '../../src/wire/audit.js';
import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskShape } from '../../src/wire/task.js';
import { get } from '../api.js';
import { RevokeDialog } from '../leases/revoke-dialog.jsx';
import { listen } from '../live.js';
import { useLoaded } from '../loading.js';
import { ActChain, actingOf } from '../parts/act-chain.jsx';
import { Countdown } from '../parts/countdown.jsx';
import { Curl } from '../parts/curl.jsx';
import { Moment } from '../parts/moment.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { State } from '../parts/state.jsx';
import { Fact, Facts, Id, Words } from '../parts/text.jsx';
import { Timeline } from '../parts/timeline.jsx';
import { readLog } from '../log.js';
import { hrefOf } from '../place.js';
import { may } from '../session.js';
import { span } from '../span.js';
import { now } from '../time.js';
import { effectWords, endingOf, isOver, scopeOf, troubleOf } from '../words.js';

interface Found {
  readonly lease: LeaseShape;
  readonly task: TaskShape | undefined;
  readonly records: readonly AuditRecordShape[];
}

async function find(id: string, signal: AbortSignal, unattended: boolean): Promise<Found> {
  const lease = await get<LeaseShape>(`/v1/leases/${id}`, { signal, unattended });
  const [task, records] = await Promise.all([
    get<TaskShape>(`/v1/tasks/${lease.task}`, { signal, unattended }).catch(() => undefined),
    readLog(`lease=${id}`, signal, unattended),
  ]);
  return { lease, task, records };
}

export function LeasePage({ id }: { id: string }) {
  const { value, fault, again } = useLoaded(id, (signal, unattended) => find(id, signal, unattended), 30_000);
  useEffect(
    () =>
      listen({
        changes: ({ leases }) => leases.some((lease) => lease.id === id) && again(),
        resync: again,
      }),
    [id],
  );
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>
          Lease <Id>{id}</Id>
        </h1>
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {value && <OneLease {...value} />}
    </div>
  );
}

function OneLease({ lease, task, records }: Found) {
  const revoking = useSignal(false);
  const trouble = troubleOf(lease, now.value);
  const { revocation } = lease;
  const scope = scopeOf(lease);
  return (
    <>
      {trouble !== undefined && (
        <div class="note note-bad">
          <strong>{trouble}</strong>. It is tried again until it succeeds. What it stands for may still work;
          it ends by itself <Countdown at={lease.expiresAt} />.
        </div>
      )}
      <div class="columns">
        <section class="card" aria-labelledby="why">
          <h2 id="why">Why it exists</h2>
          <ActChain {...actingOf(lease, task)} />
          <Facts>
            <Fact name="Intent of its task">
              <Words text={task?.intent ?? 'no longer known'} />
            </Fact>
            <Fact name="Agent">
              <Words text={lease.agent} />
            </Fact>
            <Fact name="On behalf of">
              <Words text={task?.onBehalfOf ?? 'nobody is named'} />
            </Fact>
            <Fact name="Task">
              <a href={hrefOf.task(lease.task)}>{lease.task}</a>
            </Fact>
            {lease.tool !== undefined && (
              <Fact name="Tool">
                <Words text={lease.tool} />
              </Fact>
            )}
            {lease.reason !== undefined && (
              <Fact name="The agent's reason">
                <Words text={lease.reason} />
              </Fact>
            )}
            {lease.breakGlass && (
              <Fact name="Emergency">
                <strong class="warn">An operator broke the glass for it.</strong>{' '}
                <a href="/console/break-glass">Look</a>
              </Fact>
            )}
            {lease.approval !== undefined && (
              <Fact name="Approved">
                <a href={`/console/approvals/${lease.approval}`}>{lease.approval}</a>
              </Fact>
            )}
            <Fact name="Policy">{deciding(records)}</Fact>
          </Facts>
        </section>
        <section class="card" aria-labelledby="what">
          <h2 id="what">What it is, and how it ends</h2>
          <Facts>
            <Fact name="State">
              <State state={lease.state} />
            </Fact>
            <Fact name="Credential">
              <Words text={lease.credential} /> at <Words text={lease.provider} />
            </Fact>
            <Fact name="Narrowed to">
              <Words text={scope === '' ? 'as wide as the entry' : scope} />
            </Fact>
            <Fact name="Asked and granted">
              {granted(records)}since <Moment at={lease.reservedAt} />
            </Fact>
            <Fact name={isOver(lease) ? 'Ended' : 'Ends'}>
              {isOver(lease) && revocation.endedAt !== undefined ? (
                <Moment at={revocation.endedAt} />
              ) : (
                <Countdown at={lease.expiresAt} />
              )}{' '}
              <span class="quiet">{endingOf(lease, task)}</span>
            </Fact>
            {lease.ceilingAt !== undefined && (
              <Fact name="Renewable until">
                <Moment at={lease.ceilingAt} />, renewed {lease.renewals ?? 0}{' '}
                {lease.renewals === 1 ? 'time' : 'times'}
              </Fact>
            )}
            <Fact name="What revoking does">{effectWords[revocation.effect]}</Fact>
            {revocation.requestedAt !== undefined && (
              <Fact name="Revocation">
                asked for <Moment at={revocation.requestedAt} />, {revocation.attempts} attempts
                {revocation.endedAt !== undefined &&
                  `, over after ${span(Date.parse(revocation.endedAt) - Date.parse(revocation.requestedAt))}`}
              </Fact>
            )}
          </Facts>
          {!isOver(lease) && may('admin') && (
            <button class="bad" type="button" onClick={() => (revoking.value = true)}>
              Revoke this lease
            </button>
          )}
        </section>
      </div>
      <section aria-labelledby="timeline">
        <h2 id="timeline">What happened</h2>
        <Timeline records={records} />
      </section>
      <Curl path={`/v1/leases/${lease.id}`} />
      <details>
        <summary>The lease as the API has it</summary>
        <pre>{JSON.stringify(lease, undefined, 2)}</pre>
      </details>
      {revoking.value && (
        <RevokeDialog
          leases={[lease]}
          tasks={new Map(task ? [[lease.task, task]] : [])}
          onClose={() => (revoking.value = false)}
        />
      )}
    </>
  );
}

interface Reserved {
  readonly asked?: { readonly ttlSeconds?: number };
  readonly decided?: { readonly is?: string; readonly because?: readonly string[] };
  readonly ttlSeconds?: number;
}

const reservedOf = (records: readonly AuditRecordShape[]): Reserved | undefined =>
  records.find(({ event }) => event.type === 'lease.reserved')?.event as Reserved | undefined;

function deciding(records: readonly AuditRecordShape[]) {
  const decided = reservedOf(records)?.decided;
  if (!decided) return 'not in the log';
  return (
    <>
      {decided.is} because of{' '}
      {(decided.because ?? []).map((policy) => (
        <code key={policy}>{policy} </code>
      ))}
    </>
  );
}

/** Said before since when it is. */
function granted(records: readonly AuditRecordShape[]): string {
  const reserved = reservedOf(records);
  if (reserved?.asked?.ttlSeconds === undefined || reserved.ttlSeconds === undefined) return '';
  const [asked, got] = [span(reserved.asked.ttlSeconds * 1000), span(reserved.ttlSeconds * 1000)];
  return asked === got ? `${got}, as asked, ` : `asked ${asked}, granted ${got}, `;
}
