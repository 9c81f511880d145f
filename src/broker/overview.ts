import type { LeaseState } from '../lease/lease.js';
import type { Ledger, Told } from '../ledger/ledger.js';

/** What an operator sees first: how much is live, how fast it comes and goes, and how late its ends are. */
export interface Overview {
  readonly at: number;
  readonly leases: readonly {
    readonly provider: string;
    readonly state: LeaseState;
    readonly count: number;
  }[];
  /** Milliseconds by which the oldest due lease of each provider is late. */
  readonly overdue: readonly { readonly provider: string; readonly ms: number }[];
  readonly quarantined: number;
  readonly course: Course;
}

/** The last hour, in steps; each series has one value for a step, and the last step is not over yet. */
export interface Course {
  readonly from: number;
  readonly stepMs: number;
  /** False for the first steps that the log was too long to be read for. */
  readonly wholeFrom: number;
  readonly live: readonly number[];
  readonly issued: readonly number[];
  readonly revoked: readonly number[];
  /** Of the revocations that were over in a step, from request to end; null where there were none. */
  readonly lagP50Ms: readonly (number | null)[];
  readonly lagP99Ms: readonly (number | null)[];
}

export const stepMs = 30_000;
export const steps = 120;
const readAtOnce = 1000;
const mostEvents = 30_000;
const mostLags = 1000;
const freshMs = 2000;

interface Step {
  begun: number;
  over: number;
  issued: number;
  revoked: number;
  readonly lags: number[];
}

/** Counts what the log tells, step by step. */
export interface Tally {
  add(told: readonly Told[]): void;
  course(now: number, live: number, wholeFrom: number): Course;
}

export function openTally(): Tally {
  const byStep = new Map<number, Step>();
  const stepAt = (at: number): Step => {
    const index = Math.floor(at / stepMs);
    let step = byStep.get(index);
    if (!step) byStep.set(index, (step = { begun: 0, over: 0, issued: 0, revoked: 0, lags: [] }));
    return step;
  };
  return {
    add(told) {
      for (const { at, event } of told) {
        if (event.type === 'lease.reserved') stepAt(at).begun += 1;
        else if (event.type === 'lease.active') stepAt(at).issued += 1;
        else if (event.type === 'lease.revoked' || event.type === 'lease.expired') {
          const step = stepAt(at);
          step.over += 1;
          if (event.type === 'lease.expired') continue;
          step.revoked += 1;
          if (step.lags.length < mostLags) step.lags.push(event.lagMs);
        }
      }
    },

    course(now, liveNow, wholeFrom) {
      const last = Math.floor(now / stepMs);
      const first = last - steps + 1;
      for (const index of byStep.keys()) if (index < first) byStep.delete(index);
      const all = Array.from({ length: steps }, (_, index) => byStep.get(first + index));
      const live: number[] = [];
      let standing = liveNow;
      for (const step of all.toReversed()) {
        live.unshift(Math.max(0, standing));
        standing -= (step?.begun ?? 0) - (step?.over ?? 0);
      }
      return {
        from: first * stepMs,
        stepMs,
        wholeFrom: Math.max(wholeFrom, first * stepMs),
        live,
        issued: all.map((step) => step?.issued ?? 0),
        revoked: all.map((step) => step?.revoked ?? 0),
        lagP50Ms: all.map((step) => percentile(step?.lags ?? [], 0.5)),
        lagP99Ms: all.map((step) => percentile(step?.lags ?? [], 0.99)),
      };
    },
  };
}

/** By nearest rank. */
function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Looks when it is asked: the log since the last time, or what of the last hour can be read in a moment. */
export function openOverview(ledger: Pick<Ledger, 'leases' | 'feed' | 'clock'>): () => Promise<Overview> {
  let tally = openTally();
  let position: string | undefined;
  let wholeFrom = 0;
  let fresh: { readonly at: number; readonly answer: Promise<Overview> } | undefined;

  async function readBack(): Promise<void> {
    tally = openTally();
    const from = ledger.clock() - steps * stepMs;
    let before: string | undefined;
    let latest: string | undefined;
    wholeFrom = from;
    for (let read = 0; ;) {
      const told = await ledger.feed.before(before, readAtOnce);
      latest ??= told[0]?.id;
      tally.add(told.filter(({ at }) => at >= from));
      read += told.length;
      const oldest = told.at(-1);
      if (told.length < readAtOnce || oldest === undefined || oldest.at < from) break;
      before = oldest.id;
      if (read < mostEvents) continue;
      wholeFrom = oldest.at;
      break;
    }
    position = latest ?? '0-0';
  }

  async function readOn(): Promise<void> {
    if (position === undefined) return readBack();
    for (let read = 0; ;) {
      const told = await ledger.feed.after(position, readAtOnce);
      tally.add(told);
      position = told.at(-1)?.id ?? position;
      read += told.length;
      if (told.length < readAtOnce) return;
      if (read >= mostEvents) return readBack();
    }
  }

  async function look(): Promise<Overview> {
    await readOn();
    const at = ledger.clock();
    const leases = await ledger.leases.counts();
    const providers = await ledger.leases.providers();
    const overdue = await Promise.all(
      providers.map(async (provider) => ({ provider, ms: await ledger.leases.overdueMs(provider) })),
    );
    const live = leases.reduce((sum, { count }) => sum + count, 0);
    return {
      at,
      leases,
      overdue,
      quarantined: await ledger.leases.quarantined(),
      course: tally.course(at, live, wholeFrom),
    };
  }

  return () => {
    const now = ledger.clock();
    if (fresh && now - fresh.at < freshMs) return fresh.answer;
    const answer = look().catch((error: unknown) => {
      fresh = undefined;
      position = undefined;
      throw error;
    });
    fresh = { at: now, answer };
    return answer;
  };
}
