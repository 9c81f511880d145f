import type { ProviderWorld, Roster } from '../../../world.js';
import { type Row, skewSeconds } from './cover.js';
import type { Look, Standing } from './place.js';
import { rowOf, rowsOf } from './rows.js';
import { readCut, wrongFor } from './verdict.js';
import type { Group, Write, Writer, Written } from './writer.js';

/** A group that another process has looked at so lately is left alone. */
const checkedLatelyMs = 25_000;
/** What was written so lately may not be seen by everybody yet, the reader included. */
const writtenLatelyMs = 10_000;
const turnMs = 30_000;
/** Longest session that another role can have been asked for from one of ours. */
const chainedSeconds = 3600;
const forgetMarginSeconds = 60;
/** A document that fills its share is written again once it can be so much smaller. */
const crowded = 0.5;

/**
 * Looks whether what stands at AWS is what must: everything that is said to be denied is, nothing live is, and no older
 * document is left. Writes it anew when not, whoever changed it; and leaves out of the roster what is not needed any
 * more. One process does, in its turn; the others find it done. Answers what was written, if anything.
 */
export async function lookAfter(
  group: Group,
  writer: Writer,
  world: ProviderWorld,
): Promise<Write | undefined> {
  const { shared, clock, log } = world;
  const checked = await shared.note('checked', group.name);
  if (checked && clock() - Number(checked['checkedAt']) < checkedLatelyMs) return undefined;
  const turn = await shared.turn(group.name, writer.holder, turnMs);
  if (!turn) return undefined;
  let wrong: string | undefined;
  try {
    const last = await writer.lastWritten();
    if (last && clock() - last.writtenAt < writtenLatelyMs) return undefined;
    const look = await group.place.look();
    const standing = await group.place.read(look);
    const roster = await shared.roster(group.name);
    const rules = { ...group.rows, giveUpReplaced: last?.gaveUpReplaced === true };
    wrong =
      last &&
      (whatIsWrong({ ...group, rows: rules }, look, standing, roster) ??
        whatIsWasted(last, () => writer.sizeOf(rowsOf(roster, [], look.time, rules), look)));
    if (wrong === undefined && look.epochs.length > 1) await group.place.clear(look, look.epochs.at(-1)!);
    await shared.forget(group.name, notNeeded(group, look, roster));
    await shared.leaveNote('checked', group.name, { epoch: turn.epoch, checkedAt: clock() });
  } finally {
    await turn.end().catch(() => {});
  }
  if (wrong === undefined) return undefined;
  log.warn({ group: group.name, wrong }, 'the deny document is written again');
  return writer.write([], true);
}

/** Undefined when all is as it should be. */
function whatIsWrong(
  group: Group,
  { time }: Look,
  standing: readonly Standing[],
  { leases }: Roster,
): string | undefined {
  const current = standing.at(-1);
  if (!current) return 'it is gone';
  const read = readCut(current.text);
  if (!read) return 'somebody else has changed it';
  const nowSeconds = Math.floor(time.at / 1000);
  for (const lease of leases) {
    const row = rowOf(lease, time, group.rows);
    const mayLive = lastSecondOf(group, row) + skewSeconds > nowSeconds;
    if (!mayLive || !(row.live || lease.writtenAt !== undefined)) continue;
    const wrong = wrongFor(row, `${group.document.prefix}.${row.task}.${row.lease}`, [read]);
    if (wrong) return `${wrong}: ${lease.leaseId}`;
  }
  return undefined;
}

/** When nothing that a row stands for can be left. */
const lastSecondOf = ({ rows }: Group, { expiresAt, issuedUntil }: Row): number =>
  rows.subject === 'aws:SourceIdentity' ? Math.max(expiresAt, issuedUntil + chainedSeconds) : expiresAt;

function whatIsWasted({ size, capacity }: Written, sizeNow: () => number): string | undefined {
  if (size <= crowded * capacity) return undefined;
  return sizeNow() < 0.8 * size ? 'it can be much smaller by now' : undefined;
}

function notNeeded(group: Group, { time }: Look, { leases, lost }: Roster): string[] {
  const nowSeconds = Math.floor(time.at / 1000);
  const { longestSeconds } = group.document;
  const isOld = (issuedUntil: number) =>
    issuedUntil + longestSeconds + 2 * skewSeconds + 1 + forgetMarginSeconds < nowSeconds;
  return [
    ...leases
      .filter((lease) => !lease.live && isOld(rowOf(lease, time, group.rows).issuedUntil))
      .map(({ leaseId }) => leaseId),
    ...lost.filter(({ mintedUntil }) => isOld(Math.ceil(mintedUntil / 1000))).map(({ leaseId }) => leaseId),
  ];
}
