import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Note, ProviderWorld, Turn } from '../../../world.js';
import type { Row } from './cover.js';
import { cutDocument, type CutOptions } from './document.js';
import type { Look, Place } from './place.js';
import type { Probe } from './probe.js';
import { fullAt } from './room.js';
import { type Denied, rowsOf, type RowOptions } from './rows.js';

/** One group whose documents are written together, and what is the same for all of them. */
export interface Group {
  readonly name: string;
  readonly place: Place;
  readonly document: Pick<CutOptions, 'prefix' | 'longestSeconds' | 'subject' | 'boundary'>;
  readonly rows: RowOptions;
  /** A probe that the document is to deny; undefined where there can be none. */
  readonly openProbe: (() => Promise<Probe | undefined>) | undefined;
}

/** What the last writer tells the others. Times are those of the ledger. */
export interface Written extends Note {
  readonly writtenAt: number;
  /** Whose end was asked for before that is denied by it. */
  readonly readAt: number;
  readonly size: number;
  readonly capacity: number;
  readonly digest: string;
  readonly probe: string;
  /** Whether sessions that renewals have replaced were given up, as there was no room for them. */
  readonly gaveUpReplaced: boolean;
}

export interface Write {
  readonly written: Written;
  /** Absent where nothing was written, because another did it meanwhile, or no probe can be had. */
  readonly probe?: Probe;
}

const turnMs = 30_000;
const turnRetryMs = 100;
/** "Plan for one write a second per role": IAM publishes no rate. */
const paceMs = 1000;

/**
 * Writes the document of the group, from all that the ledger knows of it: nobody reads a document to change it. One
 * process at a time does, but nothing depends on that: who was held up writes under the name of a turn that is over.
 */
export function openWriter(group: Group, { shared, clock, log }: ProviderWorld) {
  const holder = randomUUID();

  async function turnOf(above = 0): Promise<Turn> {
    for (;;) {
      const turn = await shared.turn(group.name, holder, turnMs, above);
      if (turn) return turn;
      await wait(turnRetryMs * (1 + Math.random()));
    }
  }

  const lastWritten = () => shared.note('written', group.name) as Promise<Written | undefined>;

  /** Whether another has denied all of them since their end was asked for. */
  const isCovered = (last: Written | undefined, denied: readonly Asked[]): last is Written =>
    last !== undefined && denied.every(({ requestedAt = Infinity }) => requestedAt < last.readAt);

  /** Denies these and all else that is to be denied; answers when that stands at AWS. `force` writes in any case. */
  async function write(denied: readonly Asked[], force = false): Promise<Write> {
    const before = await lastWritten();
    if (!force && isCovered(before, denied)) return { written: before };
    const turn = await turnOf();
    try {
      const last = await lastWritten();
      if (!force && isCovered(last, denied)) return { written: last };
      if (last) await wait(Math.min(paceMs, Math.max(0, last.writtenAt + paceMs - clock())));
      return await writeInTurn(turn, denied, last);
    } finally {
      await turn.end().catch(() => {}); // it ends by itself
    }
  }

  async function writeInTurn(
    turn: Turn,
    denied: readonly Asked[],
    last: Written | undefined,
  ): Promise<Write> {
    const [look, probe] = await Promise.all([group.place.look(), probeOrNone()]);
    const highest = look.epochs.at(-1) ?? 0;
    const { epoch } = highest < turn.epoch ? turn : await turnOf(highest);
    const roster = await shared.roster(group.name);
    const all = [
      ...denied,
      ...[probe?.name, last?.probe].flatMap((name) => (name ? [{ name, unknownLease: true }] : [])),
    ];
    const capacity = await group.place.capacity();
    const { document, gaveUpReplaced } = render(
      (giveUpReplaced) => rowsOf(roster, all, look.time, { ...group.rows, giveUpReplaced }),
      look,
      epoch,
      capacity,
    );
    const stands = await group.place.put(look, epoch, document.text, () => isOurs(epoch));
    const written: Written = {
      epoch,
      writtenAt: clock(),
      readAt: roster.readAt,
      size: document.size,
      capacity,
      digest: createHash('sha256').update(document.text).digest('hex'),
      probe: probe?.name ?? '',
      gaveUpReplaced,
    };
    await shared.leaveNote('written', group.name, written);
    await clear(look, stands);
    return { written, ...(probe && { probe }) };
  }

  /** Where the document is crowded, without the sessions that have been replaced, if that makes it shorter. */
  function render(rows: (giveUpReplaced: boolean) => Row[], look: Look, epoch: number, quota: number) {
    const options = { ...group.document, nowSeconds: Math.floor(look.time.at / 1000), epoch, quota };
    const whole = cutDocument(rows(false), options);
    const least = whole.size > fullAt * quota ? cutDocument(rows(true), options) : whole;
    const gaveUpReplaced = least.size < whole.size;
    const document = gaveUpReplaced ? least : whole;
    if (gaveUpReplaced)
      log.warn(
        { group: group.name, size: document.size, without: whole.size, capacity: quota },
        'the deny document is crowded: sessions that renewals have replaced are denied before their end',
      );
    if (!document.fits)
      log.error(
        { group: group.name, size: document.size, capacity: quota },
        'the deny document is larger than its share; it is written in place of the one before',
      );
    return { document, gaveUpReplaced };
  }

  const isOurs = async (epoch: number) => ((await lastWritten())?.epoch ?? 0) <= epoch;

  async function clear(look: Look, below: number): Promise<void> {
    try {
      await group.place.clear(look, below);
    } catch (error) {
      log.warn(
        { group: group.name, err: error },
        'an older deny document could not be taken away; it does no harm',
      );
    }
  }

  async function probeOrNone(): Promise<Probe | undefined> {
    try {
      return await group.openProbe?.();
    } catch (error) {
      log.warn(
        { group: group.name, err: error },
        'no probe: that the deny is in force is taken from the time that has passed',
      );
      return undefined;
    }
  }

  /** What a document would have now. */
  const sizeOf = (rows: readonly Row[], { time }: Look) =>
    cutDocument(rows, {
      ...group.document,
      nowSeconds: Math.floor(time.at / 1000),
      epoch: 1,
      quota: Infinity,
    }).size;

  return { write, lastWritten, sizeOf, holder };
}

export type Writer = ReturnType<typeof openWriter>;

/** A session to be denied, and when its end was asked for, on the ledger's clock, as far as that is recorded. */
export interface Asked extends Denied {
  readonly requestedAt?: number;
}
