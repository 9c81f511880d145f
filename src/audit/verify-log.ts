import { chainStart } from './chain.js';
import { differencesOf } from './formats/envelope.js';
import type { Flaw, FlawKind } from './log-flaw.js';
import { isIntact, readLogLine, UnreadableLine } from './log-line.js';
import type { LogLine } from './log-line.js';
import { Places } from './places.js';
import type { Range } from './places.js';
import { Witness } from './witness.js';
import type { Known, OtherChain } from './witness.js';

export interface Verdict {
  /** The first thing that is wrong. */
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
  /** Which: the first thousand ranges of each. */
  readonly hiddenRanges?: readonly Range[];
  readonly absentRanges?: readonly Range[];
  /** How far the log had come by what is known of it, where it ends before. */
  readonly reached?: number;
  /** Records that a checkpoint or the head follows without a gap; the others agree only with their own hashes. */
  readonly proven: number;
  /** How many checkpoints agree with the log, and the last place that one of them covers. */
  readonly checkpoints: number;
  readonly covered?: number;
  /** What the checkpoints say of other chains; absent where they are all of this one. */
  readonly others?: readonly OtherChain[];
}

export interface VerifyOptions extends Known {
  /** It was not meant to be whole: it may begin late, end early and leave records out. */
  readonly partial?: boolean;
  /** That a record is not shown, or not there, is a flaw. */
  readonly complete?: boolean;
  /** What stands around records in other formats is not looked at. */
  readonly recordsOnly?: boolean;
}

/** What has been read so far; one of it for the whole log, so the memory that it takes does not grow. */
interface Progress {
  line: number;
  last?: LogLine;
  first?: number;
  records: number;
  readonly hidden: Places;
  readonly absent: Places;
  proven: number;
  /** Since the last gap or what agreed. */
  unproven: number;
  /** The highest epoch that an operator has accepted, by the log itself. */
  accepted: number;
}

/**
 * Follows the chain through an export and finds the first record that was changed, taken out, moved or put in, and an
 * end that was cut off. Reads line by line.
 */
export async function verifyLog(lines: AsyncIterable<string>, options: VerifyOptions = {}): Promise<Verdict> {
  const progress = begin();
  const witness = new Witness(options);
  let gap: { flaw: Flaw; from: number; to: number } | undefined;
  for await (const text of lines) {
    progress.line += 1;
    if (text.trim() === '') continue;
    const line = readOrFlaw(text, progress.line);
    if (gap) {
      // Taken out, or only moved? What is missing may still come.
      if ('seq' in line && !('kind' in line) && line.seq >= gap.from && line.seq <= gap.to)
        return verdict(progress, witness, {
          ...gap.flaw,
          kind: 'reordered',
          what: `record ${line.seq} comes only later`,
        });
      continue;
    }
    if ('kind' in line) return verdict(progress, witness, line);
    const flaw = flawOf(line, progress, options);
    if (flaw?.kind === 'missing') gap = { flaw, from: (progress.last?.seq ?? 0) + 1, to: line.seq - 1 };
    else if (flaw) return verdict(progress, witness, flaw);
    else take(line, progress, witness);
  }
  const { line, last, accepted } = progress;
  const judged = witness.judge({ line, last, accepted, partial: options.partial === true });
  const incomplete = options.complete ? incompleteness(progress, witness) : undefined;
  return verdict(progress, witness, gap?.flaw ?? judged.flaw ?? incomplete ?? judged.lost);
}

const begin = (): Progress => ({
  line: 0,
  records: 0,
  hidden: new Places(),
  absent: new Places(),
  proven: 0,
  unproven: 0,
  accepted: 0,
});

function readOrFlaw(text: string, at: number): LogLine | Flaw {
  try {
    return readLogLine(text);
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error;
    return { kind: 'unreadable', line: at, what: error.message };
  }
}

function flawOf(
  line: LogLine,
  { last, line: at, accepted }: Progress,
  { partial, recordsOnly, chain = last?.chain }: VerifyOptions,
): Flaw | undefined {
  const { seq } = line;
  const flaw = (kind: FlawKind, what: string): Flaw => ({ kind, line: at, seq, what });
  const next = (last?.seq ?? 0) + 1;
  if (!isIntact(line)) return flaw('changed', `record ${seq} is not what was chained`);
  if (chain !== undefined && line.chain !== chain)
    return flaw('inserted', `record ${seq} is of another chain`);
  if (seq < next) return flaw('inserted', `record ${seq} comes again, or is a second of this place`);
  if (seq > next && !partial)
    return flaw(
      'missing',
      next === seq - 1 ? `record ${next} is missing` : `records ${next} to ${seq - 1} are missing`,
    );
  if (seq === next && line.previous !== (last?.hash ?? chainStart))
    return flaw('broken', `record ${seq} was chained to another than stands before it`);
  // Whoever could write any epoch would have all contradictions accepted, or none be comparable.
  if (line.event?.type === 'ledger.accepted' && !isNext(line.event['epoch'], accepted))
    return flaw('unreadable', `record ${seq} accepts a loss, and its epoch is none that can follow`);
  const differing = line.envelope && !recordsOnly ? differencesOf(line.envelope) : [];
  return differing.length > 0 ? flaw('changed', envelopeText(seq, differing)) : undefined;
}

/** Two operators may accept the same loss at once. */
const isNext = (epoch: unknown, accepted: number): boolean =>
  Number.isSafeInteger(epoch) && (epoch as number) >= Math.max(1, accepted);

const mostNamed = 10;

const envelopeText = (seq: number, differing: readonly string[]) =>
  `record ${seq} is what was chained, and around it ${differing.slice(0, mostNamed).join(', ')}${
    differing.length > mostNamed ? ` and ${differing.length - mostNamed} more` : ''
  } is not what this version makes of it: it was changed, or written by another version or by what passed it on (--records-only looks at the records alone)`;

function take(line: LogLine, progress: Progress, witness: Witness): void {
  const { seq, chain, event } = line;
  const before = progress.last?.seq ?? 0;
  if (seq > before + 1) {
    progress.absent.add(before + 1, seq - 1, progress.line);
    progress.unproven = 0;
    witness.hold(chain, { seq: seq - 1, hash: line.previous }, progress.line);
  }
  progress.records += 1;
  progress.unproven += 1;
  if (!event) progress.hidden.add(seq, seq, progress.line);
  if (event?.type === 'ledger.accepted') progress.accepted = Number(event['epoch']);
  progress.first ??= seq;
  progress.last = line;
  if (!witness.hold(chain, line, progress.line)) return;
  progress.proven += progress.unproven;
  progress.unproven = 0;
}

/** The first record that is not shown or not there. */
function incompleteness({ hidden, absent, line, last }: Progress, witness: Witness): Flaw | undefined {
  const beyond = witness.beyond(last);
  const flaws: Flaw[] = [hidden, absent].flatMap(({ firstLine, ranges: [range] }, index) =>
    firstLine === undefined || range === undefined
      ? []
      : {
          kind: 'incomplete',
          line: firstLine,
          seq: range.first,
          what: `${rangeText(range)} ${index === 0 ? 'not shown' : 'not there'}`,
        },
  );
  if (last && beyond)
    flaws.push({
      kind: 'incomplete',
      line: line + 1,
      seq: last.seq + 1,
      what: `${rangeText({ first: last.seq + 1, last: beyond.seq })} not there`,
    });
  return flaws.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))[0];
}

const rangeText = ({ first, last }: Range) =>
  first === last ? `record ${first} is` : `records ${first} to ${last} are`;

function verdict(progress: Progress, witness: Witness, found?: Flaw): Verdict {
  const { last, first, records, hidden, absent, proven, accepted } = progress;
  const { agreeing, covered } = witness;
  // What is wrong further up was only kept back until it is known whether an operator has accepted it.
  const contradiction = witness.contradiction(accepted);
  const flaw = found && contradiction && found.line > contradiction.line ? contradiction : found;
  const others = witness.others(last?.chain);
  const beyond = witness.beyond(last);
  return {
    ...(flaw && { flaw }),
    ...(last && { chain: last.chain, last: last.seq, hash: last.hash }),
    ...(first !== undefined && { first }),
    records,
    hidden: hidden.count,
    absent: absent.count,
    ...(hidden.count > 0 && { hiddenRanges: hidden.ranges }),
    ...(absent.count > 0 && { absentRanges: absent.ranges }),
    ...(beyond && { reached: beyond.seq }),
    proven,
    checkpoints: agreeing,
    ...(covered !== undefined && { covered }),
    ...(others.length > 0 && { others }),
  };
}
