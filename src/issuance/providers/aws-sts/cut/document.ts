import { coverOf, type Cover, type Row, skewSeconds } from './cover.js';

/**
 * What a session is known by in a policy: `aws:userid` ends with its name; `aws:SourceIdentity` is its name, in the
 * sessions that were chained from it too.
 */
export type Subject = 'aws:userid' | 'aws:SourceIdentity';

export interface CutOptions {
  /** Time at AWS, whole seconds since the epoch: at or before the moment at which the rows began to be read. */
  readonly nowSeconds: number;
  /** First part of every session name, without the dot. */
  readonly prefix: string;
  /** The longest session that is ever issued on the role. */
  readonly longestSeconds: number;
  /** Stands in the Sid of both statements, and in the name of the policy. */
  readonly epoch: number;
  /** Characters that the document may have. */
  readonly quota: number;
  readonly subject?: Subject;
  /** In a permissions boundary: everything is allowed first, as a boundary allows nothing by itself. */
  readonly boundary?: boolean;
}

export interface CutDocument {
  readonly text: string;
  /** Characters as IAM counts them: without white space, of which there is none. */
  readonly size: number;
  readonly fits: boolean;
  /** Sessions issued before this second are dead unless they are kept. */
  readonly cutSeconds: number;
  readonly keep: readonly string[];
  readonly deny: readonly string[];
}

/**
 * The policy that denies every dead row and no live one, as short as it can be: a pure function, byte for byte.
 * Statement C denies every session of the broker that was issued before the cut, but for those it keeps; statement U
 * denies what has ended since. Sessions that are issued later match neither, so issuing writes nothing.
 */
export function cutDocument(rows: readonly Row[], options: CutOptions): CutDocument {
  const { nowSeconds, longestSeconds } = options;
  const floor = nowSeconds - longestSeconds - skewSeconds - 1;
  const ceiling = nowSeconds - skewSeconds;
  const cover = coverOf(rows, nowSeconds, longestSeconds);
  const cuts = [
    ...new Set([
      floor,
      ceiling,
      ...cover.dead.map(({ until }) => until + skewSeconds + 1).toSorted(ascending),
    ]),
  ].filter((cut) => cut >= floor && cut <= ceiling);
  const costOf = costs(cover);
  const cheapest = cuts
    .map((cut) => ({ cut, cost: costOf(cut) }))
    .toSorted((a, b) => a.cost - b.cost)
    .slice(0, 3);
  return cheapest
    .map(({ cut }) => documentAt(cut, cover, options))
    .reduce((best, next) => (next.size < best.size ? next : best));
}

const ascending = (a: number, b: number) => a - b;

/** How many names a cut needs; both lists are sorted once, so that each cut costs two binary searches. */
function costs({ live, dead }: Cover): (cut: number) => number {
  const from = live.map((name) => name.from).toSorted(ascending);
  const until = dead.map((name) => name.until).toSorted(ascending);
  return (cut) => below(from, cut + skewSeconds) + until.length - below(until, cut - skewSeconds);
}

function below(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function documentAt(cut: number, { live, dead }: Cover, options: CutOptions): CutDocument {
  const { prefix, epoch, quota, subject = 'aws:userid' } = options;
  const spelled = (name: string) => `${subject === 'aws:userid' ? '*:' : ''}${prefix}.${name}`;
  const keep = live
    .filter(({ from }) => from < cut + skewSeconds)
    .map(({ name }) => spelled(name))
    .toSorted();
  const deny = dead
    .filter(({ until }) => until >= cut - skewSeconds)
    .map(({ name }) => spelled(name))
    .toSorted();
  const everything = { Action: '*', Resource: '*' };
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      ...(options.boundary ? [{ Sid: 'A', Effect: 'Allow', ...everything }] : []),
      {
        Sid: `C${epoch}`,
        Effect: 'Deny',
        ...everything,
        Condition: {
          StringLike: { [subject]: [spelled('*')] },
          ...(keep.length > 0 ? { StringNotLike: { [subject]: keep } } : {}),
          DateLessThan: { 'aws:TokenIssueTime': isoSeconds(cut) },
        },
      },
      ...(deny.length > 0
        ? [
            {
              Sid: `U${epoch}`,
              Effect: 'Deny',
              ...everything,
              Condition: { StringLike: { [subject]: deny } },
            },
          ]
        : []),
    ],
  });
  return { text, size: text.length, fits: text.length <= quota, cutSeconds: cut, keep, deny };
}

/** 2026-11-22T00:57:02Z */
const isoSeconds = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
