import { takeBackOrphans } from '../broker/orphans.js';
import type { Ports } from '../broker/ports.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

const everyMs = 600_000;
const lookForTurnEveryMs = 15_000;

/** Every ten minutes one of the workers scans each provider that can be scanned; the ledger decides which one. */
export function orphanScan(ports: Ports): Repeating {
  const stopping = new AbortController();
  const repeating = repeat(async () => {
    for (const provider of ports.providers.values()) {
      if (!provider.scan || stopping.signal.aborted) continue;
      if (!(await ports.ledger.takeTurn(`orphans:${provider.name}`, everyMs))) continue;
      await takeBackOrphans(ports, provider, stopping.signal).catch((error: unknown) =>
        ports.log.warn({ provider: provider.name, err: error }, 'orphans could not be looked for'),
      );
    }
    return lookForTurnEveryMs;
  }, ports.log);
  return {
    async close() {
      stopping.abort();
      await repeating.close();
    },
  };
}
