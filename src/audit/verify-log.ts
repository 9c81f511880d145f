import { chainStart } from './chain.js';
import type { Checkpoint } from './checkpoint.js';
import { isIntact, readLogLine, UnreadableLine } from './log-line.js';
import type { LogLine } from './log-line.js';

const flawKinds = [
  'unreadable',
  'changed',
  'missing',
  'reordered',
  'inserted',
  'broken',
  'cut',
  'contradicted',
  'lost',
] as const;
export type FlawKind = (typeof flawKinds)[number];

/** The first thing that is wrong: on which line, 1 for the first, and at which place of the chain. */
export interface Flaw {
  readonly kind: FlawKind;
  readonly line: number;
  readonly seq?: number;
  readonly what: string;
}

export interface Verdict {
  readonly flaw?: Flaw;
  readonly chain?: string;
  readonly first?: number;
  readonly last?: number;
  /** Hash of the last record: kept, it is a head that the next verification can be held against. */
  readonly hash?: string;
  readonly records: number;
  /** Records that are in the chain and were not shown: by their digest, and not at all. */
  readonly hidden: number;
  readonly absent: number;
  /** How many checkpoints the log was held against, and the last place that one of them covers. */
  readonly checkpoints: number;
  readonly covered?: number;
}

export type Head = Pick<Checkpoint, 'seq' | 'hash'>;

export interface VerifyOptions {
  /** Verified before; those of other chains are passed over. */
  readonly checkpoints?: readonly Checkpoint[];
  /** Where the log is known to have been, by other means. */
  readonly head?: Head;
  /** It was not meant to be whole: it may begin late, end early and leave records out. */
  readonly partial?: boolean;
}

/** What has been read so far; one of it for the whole log, so the memory that it takes does not grow. */
interface Progress {
  line: number;
  last?: LogLine;
  first?: number;
  records: number;
  hidden: number;
  absent: number;
  held: number;
  covered?: number;
  /** The highest epoch that an operator has accepted, by the log itself. */
  accepted: number;
  contradicted?: { flaw: Flaw; epoch: number };
}

/**
 * Follows the chain through an export and finds the first record that was changed, taken out, moved or put in, and an
 * end that was cut off. Reads line by line.
 */
export async function verifyLog(lines: AsyncIterable<string>, options: VerifyOptions = {}): Promise<Verdict> {
  const progress: Progress = { line: 0, records: 0, hidden: 0, absent: 0, held: 0, accepted: 0 };
  const known = bySeq(options);
  let gap: { flaw: Flaw; from: number; to: number } | undefined;
  for await (const text of lines) {
    progress.line += 1;
    if (text.trim() === '') continue;
    const line = readOrFlaw(text, progress.line);
    if (gap) {
      // Taken out, or only moved? What is missing may still come.
      if ('seq' in line && !('kind' in line) && line.seq >= gap.from && line.seq <= gap.to)
        return verdict(progress, {
          ...gap.flaw,
          kind: 'reordered',
          what: `record ${line.seq} comes only later`,
        });
      continue;
    }
    if ('kind' in line) return verdict(progress, line);
    const flaw = flawOf(line, progress, options.partial === true);
    if (flaw?.kind === 'missing') gap = { flaw, from: (progress.last?.seq ?? 0) + 1, to: line.seq - 1 };
    else if (flaw) return verdict(progress, flaw);
    else take(line, progress, known);
  }
  return verdict(progress, gap?.flaw ?? endFlaw(progress, options));
}

function readOrFlaw(text: string, at: number): LogLine | Flaw {
  try {
    return readLogLine(text);
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error;
    return { kind: 'unreadable', line: at, what: error.message };
  }
}

function flawOf(line: LogLine, { last, line: at }: Progress, partial: boolean): Flaw | undefined {
  const { seq } = line;
  const flaw = (kind: FlawKind, what: string): Flaw => ({ kind, line: at, seq, what });
  const next = (last?.seq ?? 0) + 1;
  if (!isIntact(line)) return flaw('changed', `record ${seq} is not what was chained`);
  if (last && line.chain !== last.chain) return flaw('inserted', `record ${seq} is of another chain`);
  if (seq < next) return flaw('inserted', `record ${seq} comes again, or is a second of this place`);
  if (seq > next)
    return partial
      ? undefined
      : flaw(
          'missing',
          next === seq - 1 ? `record ${next} is missing` : `records ${next} to ${seq - 1} are missing`,
        );
  if (line.previous !== (last?.hash ?? chainStart))
    return flaw('broken', `record ${seq} was chained to another than stands before it`);
  return undefined;
}

type Known = ReadonlyMap<string, readonly (Head & { readonly epoch: number })[]>;

const placeOf = (chain: string, seq: number) => `${chain} ${seq}`;

function bySeq({ checkpoints = [], head }: VerifyOptions): Known {
  const known = new Map<string, (Head & { epoch: number })[]>();
  for (const each of [...checkpoints, ...(head ? [{ ...head, chain: '', epoch: 0 }] : [])]) {
    const place = placeOf(each.chain, each.seq);
    known.set(place, [...(known.get(place) ?? []), each]);
  }
  return known;
}

function take(line: LogLine, progress: Progress, known: Known): void {
  const { seq, chain, event } = line;
  const before = progress.last?.seq ?? 0;
  if (seq > before + 1) {
    progress.absent += seq - before - 1;
    hold(progress, known, chain, seq - 1, line.previous);
  }
  progress.records += 1;
  if (!event) progress.hidden += 1;
  if (event?.type === 'ledger.accepted')
    progress.accepted = Math.max(progress.accepted, Number(event['epoch']));
  progress.first ??= seq;
  progress.last = line;
  hold(progress, known, chain, seq, line.hash);
}

/** Holds one place of the chain against what is known of it from outside. */
function hold(progress: Progress, known: Known, chain: string, seq: number, hash: string): void {
  for (const each of [...(known.get(placeOf(chain, seq)) ?? []), ...(known.get(placeOf('', seq)) ?? [])]) {
    progress.held += 1;
    if (each.hash === hash) progress.covered = seq;
    else
      progress.contradicted ??= {
        epoch: each.epoch,
        flaw: {
          kind: 'contradicted',
          line: progress.line,
          seq,
          what: `record ${seq} is not the one that stood there when a checkpoint was made: the log was written anew`,
        },
      };
  }
}

function endFlaw(progress: Progress, { checkpoints = [], head, partial }: VerifyOptions): Flaw | undefined {
  const { last, line, accepted, contradicted } = progress;
  const asLost = (flaw: Flaw, epoch: number): Flaw =>
    epoch < accepted
      ? {
          ...flaw,
          kind: 'lost',
          what: `${flaw.what}; an operator has accepted a loss since (epoch ${accepted})`,
        }
      : flaw;
  if (contradicted) return asLost(contradicted.flaw, contradicted.epoch);
  const ours = checkpoints.filter(({ chain }) => !last || chain === last.chain);
  if (checkpoints.length > 0 && ours.length === 0)
    return { kind: 'contradicted', line, what: 'no checkpoint is of this chain' };
  if (partial) return undefined;
  const end = last?.seq ?? 0;
  const further = [...ours, ...(head ? [{ ...head, epoch: 0 }] : [])].filter(({ seq }) => seq > end);
  const furthest = further.sort((a, b) => b.seq - a.seq || b.epoch - a.epoch)[0];
  return (
    furthest &&
    asLost(
      {
        kind: 'cut',
        line: line + 1,
        seq: end + 1,
        what: `it ends with record ${end}, and had come to ${furthest.seq}`,
      },
      furthest.epoch,
    )
  );
}

function verdict(progress: Progress, found?: Flaw): Verdict {
  const { last, first, records, hidden, absent, held, covered, contradicted } = progress;
  // What is wrong further up was only kept back until it is known whether an operator has accepted it.
  const flaw = found && contradicted && found.line > contradicted.flaw.line ? contradicted.flaw : found;
  return {
    ...(flaw && { flaw }),
    ...(last && { chain: last.chain, last: last.seq, hash: last.hash }),
    ...(first !== undefined && { first }),
    records,
    hidden,
    absent,
    checkpoints: held,
    ...(covered !== undefined && { covered }),
  };
}
