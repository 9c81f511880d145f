import type { Logger } from 'pino';
import type { Provider } from '../issuance/provider.js';
import type { Tracing } from '../kernel/tracing.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Settings } from '../settings/load.js';
import { asLog } from './as-log.js';
import { tracedProvider } from './traced.js';

/** The providers of the settings, by name. */
export function openProviders(
  settings: Settings,
  ledger: Ledger,
  log: Logger,
  tracing: Tracing | undefined,
  closing: (() => Promise<unknown>)[],
): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>();
  for (const [name, section] of settings.providers) {
    const provider = section.kind.open(name, section.settings, {
      shared: ledger.shared(name),
      clock: ledger.clock,
      mintTimeoutMs: settings.limits.mintTimeout * 2000,
      log: asLog(log.child({ provider: name })),
    });
    providers.set(name, tracing ? tracedProvider(provider, tracing) : provider);
    closing.push(() => provider.close());
  }
  return providers;
}
