import { takeBackOrphans } from '../broker/orphans.js';
import type { Ports } from '../broker/ports.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

const everyMs = 600_000;
const lookForTurnEveryMs = 15_000;
const doubtEveryMs = 2000;

/**
 * Every ten minutes one of the workers scans each provider that can be scanned; the ledger decides which one. While the
 * store has gone back in time each worker scans once, at once.
 */
export function orphanScan(ports: Ports): Repeating {
  const stopping = new AbortController();
  let scannedInDoubt = false;
  const repeating = repeat(async () => {
    const inDoubt = ports.guard?.hasGoneBack() === true;
    const atOnce = inDoubt && !scannedInDoubt;
    scannedInDoubt = inDoubt;
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
