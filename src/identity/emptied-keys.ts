import type { Clock } from '../kernel/clock.js';
import type { IdentitySettings } from './identity-settings.js';
import type { FetchKeys } from './key-fetch.js';
import { openOidcIssuers, openTrustDomains } from './trust.js';

/** WID-07: an issuer or trust domain that publishes a set without keys has taken back all that it ever proved. */
export interface EmptiedKeys {
  /** Names of those whose keys are readable and none, and were not at the look before. Who cannot be read is not told. */
  look(): Promise<readonly string[]>;
}

/** Reads the keys by itself, as often as their settings say: nobody may come with a token of such an issuer any more. */
export function watchEmptiedKeys(
  settings: IdentitySettings,
  { clock, fetch }: { readonly clock: Clock; readonly fetch: FetchKeys },
): EmptiedKeys {
  const sources = [
    ...openOidcIssuers(settings, fetch, clock),
    ...openTrustDomains(settings, fetch, clock),
  ].map(([name, { source }]) => [name, source] as const);
  const empty = new Set<string>();
  return {
    async look() {
      const emptied: string[] = [];
      await Promise.all(
        sources.map(async ([name, source]) => {
          const size = (await source.keys().catch(() => undefined))?.size;
          if (size === undefined) return;
          if (size > 0) empty.delete(name);
          else if (!empty.has(name)) {
            empty.add(name);
            emptied.push(name);
          }
        }),
      );
      return emptied;
    },
  };
}
