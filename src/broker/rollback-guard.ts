import { Fault } from '../kernel/fault.js';
import { readMark, writeMark } from '../ledger/mark-file.js';
import { compareMarks, hasGoneBack } from '../ledger/mark.js';
import type { Mark } from '../ledger/mark.js';
import { writeStops } from '../ledger/stops-file.js';
import type { Ports } from './ports.js';

/**
 * Keeps outside the store how far it has come. When the store comes back with less (an old file, a fail-over that lost
 * the end, an empty one), nothing is issued until an operator accepts it; revoking goes on.
 */
export interface RollbackGuard {
  /** Throws the Fault for why nothing may be issued. */
  admit(): void;
  hasGoneBack(): boolean;
  /** An event that the store must hold, for the script that reserves: it may have gone back a moment ago. */
  mustHold(): string | undefined;
}

/** For so long the last good look counts, when the file cannot be read or written, or the store does not answer. */
const knownForMs = 30_000;

export function openRollbackGuard(
  { ledger, log }: Pick<Ports, 'ledger' | 'log'>,
  file: string,
  now: () => number = () => performance.now(),
): RollbackGuard & { look(): Promise<void> } {
  let latest: Mark | undefined;
  let goneBack = false;
  let lookedAt = -Infinity;
  let keptVersion: string | undefined;

  return {
    async look() {
      // Before it is known whether the store is whole: what one that has gone back has lost is what is kept.
      const changed = await ledger.stops(keptVersion);
      const kept = await readMark(file);
      // Another process may have written less into the file than this one has seen.
      const held = kept && latest && compareMarks(kept, latest) < 0 ? latest : (kept ?? latest);
      const stand = await ledger.mark(held);
      const was = goneBack;
      goneBack = held !== undefined && hasGoneBack(held, stand);
      if (goneBack && !was)
        log.error({ held, found: stand.now }, 'the state store has gone back in time; nothing is issued');
      if (!goneBack) {
        if (was) log.warn({ found: stand.now }, 'the state store was accepted; issuing goes on');
        await writeMark(file, stand.now);
        latest = stand.now;
        if (changed) {
          await writeStops(file, changed.stops);
          keptVersion = changed.version;
        }
      }
      lookedAt = now();
    },

    admit() {
      if (goneBack)
        throw new Fault('state.rolled_back', 'The state store has lost what it had.', {
          retryAfterSeconds: 60,
        });
      if (now() - lookedAt > knownForMs)
        throw new Fault('state.unavailable', 'It is not known whether the state store is whole.');
    },
    hasGoneBack: () => goneBack,
    mustHold: () => latest?.lastId || undefined,
  };
}
