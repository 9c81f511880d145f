import { flyCanary } from '../broker/canary.js';
import type { Canary } from '../broker/canary.js';
import type { Ports } from '../broker/ports.js';
import { faultCode } from '../kernel/fault.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

/** In every interval one of the workers flies the canary; the ledger decides which one. */
export function canaryFlights(ports: Ports, canary: Canary & { readonly everyMs: number }): Repeating {
  const stopping = new AbortController();
  const repeating = repeat(async () => {
    if (!(await ports.ledger.takeTurn('canary', canary.everyMs))) return Math.min(1000, canary.everyMs / 4);
    try {
      const seconds = await flyCanary(ports, canary, stopping.signal);
      ports.meter.canary('revoked', seconds);
    } catch (error) {
      if (stopping.signal.aborted) return 0;
      ports.meter.canary(faultCode(error));
      ports.log.error({ entry: canary.entry, err: error }, 'the canary failed');
    }
    return Math.min(1000, canary.everyMs / 4);
  }, ports.log);
  return {
    async close() {
      stopping.abort();
      await repeating.close();
    },
  };
}
