import { onItsWayMs, takeBackOrphans } from '../broker/orphans.js';
import type { Ports } from '../broker/ports.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

const everyMs = 600_000;
const lookForTurnEveryMs = 15_000;

export interface Timing {
  readonly now?: () => number;
  /** How often the guard is asked whether the store has gone back. */
  readonly doubtEveryMs?: number;
}

/**
 * Every ten minutes one of the workers scans each provider that can be scanned; the ledger decides which one. When the
 * store has gone back in time each worker scans at once, and once more when what was made in the moment before is old
 * enough to be judged: a fail-over forgets just that.
 */
export function orphanScan(
  ports: Ports,
  { now = () => performance.now(), doubtEveryMs = 2000 }: Timing = {},
): Repeating {
  const stopping = new AbortController();
  let wasInDoubt = false;
  let scanAt: number[] = [];
  const repeating = repeat(async () => {
    const inDoubt = ports.guard?.hasGoneBack() === true;
    if (inDoubt && !wasInDoubt) scanAt = [now(), now() + onItsWayMs(ports.limits)];
    wasInDoubt = inDoubt;
    const later = scanAt.filter((at) => at > now());
    const atOnce = later.length < scanAt.length;
    scanAt = later;
    for (const provider of ports.providers.values()) {
      if (!provider.scan || stopping.signal.aborted) continue;
      const turn = await ports.ledger.takeTurn(`orphans:${provider.name}`, everyMs);
      if (!turn && !atOnce) continue;
      await takeBackOrphans(ports, provider, stopping.signal).catch((error: unknown) =>
        ports.log.warn({ provider: provider.name, err: error }, 'orphans could not be looked for'),
      );
    }
    return ports.guard ? doubtEveryMs : lookForTurnEveryMs;
  }, ports.log);
  return {
    async close() {
      stopping.abort();
      await repeating.close();
    },
  };
}
