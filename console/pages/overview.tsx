import type { leasePage, LeaseShape } from '../../src/wire/lease.js';
import type { OverviewShape } from '../../src/wire/live.js';
import type { Shape } from '../../src/wire/shape.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { get, pages } from '../api.js';
import type { Asking } from '../api.js';
import { useLoaded } from '../loading.js';
import { Plot } from '../parts/plot.jsx';
import { Moment } from '../parts/moment.jsx';
import { ProblemNote } from '../parts/problem.jsx';
import { State } from '../parts/state.jsx';
import { TroubleList } from '../parts/trouble-list.jsx';
import { hrefOf } from '../place.js';
import { span } from '../span.js';
import { now } from '../time.js';
import { counted, lateMs, troubleOf } from '../words.js';

type LeasePage = Shape<typeof leasePage>;

interface Trouble {
  readonly leases: readonly LeaseShape[];
  readonly tasks: Readonly<Record<string, TaskSummaryShape>>;
}

const everyMs = 5000;
const mostShown = 20;
/** What is due comes first in the list of the leases of a provider, so what is late stands in its first pages. */
const mostLooked = 1000;
const mostStuck = 200;

interface Looked {
  readonly overview: OverviewShape;
  readonly trouble: Trouble;
}

async function look(signal: AbortSignal, unattended: boolean): Promise<Looked> {
  const asking = { signal, unattended };
  const overview = await get<OverviewShape>('/v1/overview', asking);
  return { overview, trouble: await findTrouble(overview, asking) };
}

/** What is late, and everything that is stuck: that may be due again only later. */
async function findTrouble({ leases: counts, overdue }: OverviewShape, asking: Asking): Promise<Trouble> {
  const stuck = counts
    .filter(({ state }) => state === 'stuck')
    .reduce((sum, { count }) => Math.min(sum + count, mostStuck), 0);
  const leases = new Map<string, LeaseShape>();
  const tasks: Record<string, TaskSummaryShape> = {};
  const take = (page: LeasePage): number => {
    const bad = page.items.filter((lease) => troubleOf(lease, now.peek()) !== undefined);
    for (const lease of bad) leases.set(lease.id, lease);
    for (const { task } of bad) if (page.tasks?.[task]) tasks[task] = page.tasks[task];
    return bad.length;
  };
  for (const { provider, ms } of overdue) {
    let looked = 0;
    if (ms > lateMs)
      await pages<LeasePage>(
        `/v1/leases?provider=${encodeURIComponent(provider)}&page_size=250&with_tasks=true`,
        (page) => take(page) > 0 && (looked += page.items.length) < mostLooked,
        asking,
      );
  }
  const found = () => [...leases.values()].filter(({ state }) => state === 'stuck').length;
  if (found() < stuck)
    await pages<LeasePage>(
      '/v1/leases?state=stuck&page_size=250&with_tasks=true',
      (page) => {
        take(page);
        return found() < stuck;
      },
      asking,
    );
  const sorted = [...leases.values()].toSorted(
    (a, b) => Number(b.state === 'stuck') - Number(a.state === 'stuck'),
  );
  return { leases: sorted, tasks };
}

export function OverviewPage() {
  const { value, fault, again } = useLoaded('overview', look, everyMs);
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>Overview</h1>
        {value && (
          <p class="quiet">
            as of <Moment at={value.overview.at} />
          </p>
        )}
      </header>
      {fault !== undefined && <ProblemNote fault={fault} retry={again} />}
      {value && (
        <>
          <InTrouble {...value.trouble} overview={value.overview} />
          <Standing overview={value.overview} />
          <Course overview={value.overview} />
        </>
      )}
    </div>
  );
}

function InTrouble({ leases, tasks, overview }: Trouble & { overview: OverviewShape }) {
  const { quarantined } = overview;
  const late = overview.overdue.filter(({ ms }) => ms > lateMs);
  if (leases.length === 0 && quarantined === 0 && late.length === 0)
    return (
      <section class="card good-card" aria-labelledby="trouble">
        <h2 id="trouble">
          <span aria-hidden="true">✓</span> No lease is in trouble
        </h2>
        <p class="quiet">Whatever should have ended has ended.</p>
      </section>
    );
  return (
    <section class="card bad-card" aria-labelledby="trouble">
      <h2 id="trouble">
        <span aria-hidden="true">▲</span> {leases.length} lease{leases.length === 1 ? ' is' : 's are'} in
        trouble
      </h2>
      <TroubleList leases={leases.slice(0, mostShown)} tasks={tasks} />
      {leases.length > mostShown && <a href={hrefOf.leases({ view: 'trouble' })}>All that are in trouble</a>}
      <ul class="plain">
        {late.map(({ provider, ms }) => (
          <li key={provider}>
            At <bdi>{provider}</bdi> the oldest revocation is late by {span(ms)}. Issuing there stops when it
            gets later.
          </li>
        ))}
        {quarantined > 0 && (
          <li>{counted(quarantined, 'record')} cannot be read, and nobody revokes what they stand for.</li>
        )}
      </ul>
    </section>
  );
}

const order = ['stuck', 'revoking', 'active', 'reserved'] as const;

function Standing({ overview }: { overview: OverviewShape }) {
  const providers = [...new Set(overview.leases.map(({ provider }) => provider))].toSorted();
  const count = (provider: string | undefined, state: LeaseShape['state']) =>
    overview.leases
      .filter((one) => one.state === state && (provider === undefined || one.provider === provider))
      .reduce((sum, one) => sum + one.count, 0);
  return (
    <section class="card" aria-labelledby="standing">
      <h2 id="standing">Live leases now</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Live leases by provider and state">
        <table class="small">
          <caption class="unseen">Live leases by provider and state</caption>
          <thead>
            <tr>
              <th scope="col">Provider</th>
              {order.map((state) => (
                <th key={state} scope="col" class="number">
                  <State state={state} />
                </th>
              ))}
              <th scope="col" class="number">
                Oldest end is late by
              </th>
            </tr>
          </thead>
          <tbody>
            {providers.map((provider) => (
              <tr key={provider}>
                <th scope="row">
                  <a href={hrefOf.leases({ provider })}>
                    <bdi>{provider}</bdi>
                  </a>
                </th>
                {order.map((state) => (
                  <td
                    key={state}
                    class={`number ${state === 'stuck' && count(provider, state) > 0 ? 'bad-text' : ''}`}
                  >
                    {count(provider, state).toLocaleString()}
                  </td>
                ))}
                <td class="number">{lateOf(overview, provider)}</td>
              </tr>
            ))}
            <tr class="total">
              <th scope="row">All</th>
              {order.map((state) => (
                <td key={state} class="number">
                  {count(undefined, state).toLocaleString()}
                </td>
              ))}
              <td />
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  );
}

function lateOf({ overdue }: OverviewShape, provider: string): string {
  const ms = overdue.find((one) => one.provider === provider)?.ms ?? 0;
  return ms === 0 ? 'nothing is' : span(ms);
}

/** For an axis: "250 ms", "1.5 s". */
const short = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`);

const last = <T,>(values: readonly T[]): T | undefined => values.at(-2);
const perMinute = (values: readonly number[], stepMs: number) =>
  values.map((value) => (value * 60_000) / stepMs);

function Course({ overview: { course } }: { overview: OverviewShape }) {
  const { from, stepMs, wholeFrom, live, issued, revoked, lagP50Ms, lagP99Ms } = course;
  const over = { from, stepMs };
  const latest = lagP99Ms.filter((lag) => lag !== null).at(-1);
  const number = (value: number) => value.toLocaleString();
  return (
    <section class="plots" aria-label="The last hour">
      <Plot
        {...over}
        title="Live leases"
        summary={`${number(live.at(-1) ?? 0)} now`}
        unit={number}
        series={[{ label: 'live', colour: '--line-1', values: live }]}
      />
      <Plot
        {...over}
        title="Issued and revoked, a minute"
        summary={`${number(perMinute([last(issued) ?? 0], stepMs)[0]!)} and ${number(perMinute([last(revoked) ?? 0], stepMs)[0]!)} last`}
        unit={number}
        series={[
          { label: 'issued', colour: '--line-1', values: perMinute(issued, stepMs) },
          { label: 'revoked', colour: '--line-2', values: perMinute(revoked, stepMs), dashed: true },
        ]}
      />
      <Plot
        {...over}
        title="From a request to end a lease to its end"
        summary={latest === undefined ? 'nothing was revoked' : `99 of 100 within ${short(latest)} last`}
        unit={short}
        series={[
          { label: 'half of them', colour: '--line-1', values: lagP50Ms },
          { label: '99 of 100', colour: '--line-3', values: lagP99Ms, dashed: true },
        ]}
      />
      {wholeFrom > from && (
        <p class="quiet">
          The log is longer than is read for this page: the lines are whole since <Moment at={wholeFrom} />.
        </p>
      )}
    </section>
  );
}
