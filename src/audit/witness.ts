import type { Checkpoint } from './checkpoint.js';
import type { Flaw } from './log-flaw.js';

export type Head = Pick<Checkpoint, 'seq' | 'hash'>;

/** What is known of a log from outside. */
export interface Known {
  /** Verified before. */
  readonly checkpoints?: readonly Checkpoint[];
  /** Where the log is known to have been, by other means: no loss that was accepted excuses that it is not. */
  readonly head?: Head;
  /** The chain that is meant: of others nothing is expected, and their checkpoints are only told. */
  readonly chain?: string;
}

/** Checkpoints of a chain that is not that of the log. */
export interface OtherChain {
  readonly chain: string;
  readonly installation: string;
  readonly checkpoints: number;
  /** The last record that one of them covers. */
  readonly last: number;
  readonly epoch: number;
}

/** How a log ends, once all of it was read. */
export interface LogEnd {
  readonly line: number;
  readonly last?: { readonly chain: string; readonly seq: number } | undefined;
  /** The highest epoch that an operator has accepted, by the log itself. */
  readonly accepted: number;
  readonly partial: boolean;
}

/** Holds a log against what is known of it from outside. The memory that it takes is that of what is known. */
export class Witness {
  readonly #byPlace = new Map<string, (Head & { readonly epoch: number })[]>();
  /** The first contradiction of each epoch: what was accepted since is told apart only at the end. */
  readonly #contradicted = new Map<number, Flaw>();
  readonly #known: Known;
  /** How many agree with the log, and the last place that one of them covers. */
  agreeing = 0;
  covered: number | undefined;

  constructor(known: Known) {
    this.#known = known;
    const { checkpoints = [], head } = known;
    for (const each of [...checkpoints, ...(head ? [{ ...head, chain: '', epoch: Infinity }] : [])]) {
      const place = placeOf(each.chain, each.seq);
      const before = this.#byPlace.get(place) ?? [];
      // An anchor is told some of them twice.
      if (before.some(({ hash, epoch }) => hash === each.hash && epoch === each.epoch)) continue;
      this.#byPlace.set(place, [...before, each]);
    }
  }

  /** Holds one place of the chain against it; whether something that is known agrees. */
  hold(chain: string, { seq, hash }: Head, line: number): boolean {
    const before = this.agreeing;
    for (const place of [placeOf(chain, seq), placeOf('', seq)])
      for (const each of this.#byPlace.get(place) ?? []) {
        if (each.hash === hash) {
          this.agreeing += 1;
          this.covered = seq;
        } else if (!this.#contradicted.has(each.epoch))
          this.#contradicted.set(each.epoch, {
            kind: 'contradicted',
            line,
            seq,
            what: `record ${seq} is not the one that stood there when a checkpoint was made: the log was written anew`,
          });
      }
    return this.agreeing > before;
  }

  /** The first place where it says otherwise, and no operator has accepted that. */
  contradiction(accepted: number): Flaw | undefined {
    const open = [...this.#contradicted].filter(([epoch]) => epoch >= accepted).map(([, flaw]) => flaw);
    return open.toSorted((a, b) => a.line - b.line)[0];
  }

  /** Those of other chains; none where the log has no record that says which its own is. */
  others(own: string | undefined): readonly OtherChain[] {
    const found = new Map<string, OtherChain>();
    const counted = new Set<string>();
    const ours = this.#known.chain ?? own;
    for (const { chain, installation, seq, hash, epoch } of this.#known.checkpoints ?? []) {
      const each = `${placeOf(chain, seq)} ${hash} ${epoch}`;
      if (ours === undefined || chain === ours || counted.has(each)) continue;
      counted.add(each);
      const { checkpoints = 0, last = 0, epoch: highest = 0 } = found.get(chain) ?? {};
      found.set(chain, {
        chain,
        installation,
        checkpoints: checkpoints + 1,
        last: Math.max(last, seq),
        epoch: Math.max(highest, epoch),
      });
    }
    return [...found.values()];
  }

  /** What is wrong by it, and what would be had no operator accepted it. */
  judge(end: LogEnd): { readonly flaw: Flaw | undefined; readonly lost: Flaw | undefined } {
    const { accepted } = end;
    const found = [...this.#contradicted].map(([epoch, flaw]) => ({ epoch, flaw }));
    found.sort((a, b) => a.flaw.line - b.flaw.line);
    const all = [...found, this.#cut(end), ...this.#ofOthers(end)].filter((each) => each !== undefined);
    const lost = all.find(({ epoch }) => epoch < accepted)?.flaw;
    return {
      flaw: all.find(({ epoch }) => epoch >= accepted)?.flaw,
      lost: lost && {
        ...lost,
        kind: 'lost',
        what: `${lost.what}; an operator has accepted a loss since (epoch ${accepted})`,
      },
    };
  }

  #ours(last: LogEnd['last']): readonly Checkpoint[] {
    const { checkpoints = [], chain = last?.chain } = this.#known;
    return chain === undefined ? checkpoints : checkpoints.filter((each) => each.chain === chain);
  }

  /** How far the log had come by it, where that is further than the log comes here. */
  beyond(last: LogEnd['last']): (Pick<Head, 'seq'> & { readonly epoch: number }) | undefined {
    const { head } = this.#known;
    return [...this.#ours(last), ...(head ? [{ ...head, epoch: Infinity }] : [])]
      .filter(({ seq }) => seq > (last?.seq ?? 0))
      .toSorted((a, b) => b.epoch - a.epoch || b.seq - a.seq)[0];
  }

  #cut({ last, line, partial }: LogEnd): Judged | undefined {
    const end = last?.seq ?? 0;
    const furthest = this.beyond(last);
    if (partial || !furthest) return undefined;
    const what = `it ends with record ${end}, and had come to ${furthest.seq}`;
    return { epoch: furthest.epoch, flaw: { kind: 'cut', line: line + 1, seq: end + 1, what } };
  }

  /** One installation has one log. That of another is its own affair, once something is known of this one. */
  #ofOthers({ last, line }: LogEnd): Judged[] {
    const ours = this.#ours(last);
    const flaw = (what: string, at = line): Flaw => ({ kind: 'contradicted', line: at, what });
    if (this.#known.chain !== undefined)
      return ours.length > 0 || !this.#known.checkpoints?.length
        ? []
        : [{ epoch: Infinity, flaw: flaw('no checkpoint is of the chain that was named') }];
    const installations = new Set(ours.map(({ installation }) => installation));
    const others = this.others(last?.chain).filter(
      ({ installation }) => ours.length === 0 || installations.has(installation),
    );
    return others.map(({ chain, last: reached, epoch }) => {
      const what = `chain ${chain} had come to record ${reached}, and nothing of it is here`;
      return { epoch, flaw: flaw(ours.length > 0 ? what : `no checkpoint is of this chain; ${what}`, 1) };
    });
  }
}

interface Judged {
  /** Of what says so: what came before the last acceptance was accepted with it. */
  readonly epoch: number;
  readonly flaw: Flaw;
}

const placeOf = (chain: string, seq: number) => `${chain} ${seq}`;
