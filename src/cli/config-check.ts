import type { ProviderKind } from '../issuance/provider.js';
import { loadSettings } from '../settings/load.js';
import type { Environment } from '../settings/read.js';

/** `protem config check`: throws with every problem at once, or says what the settings hold. */
export function checkConfig(
  file: string,
  environment: Environment,
  kinds: ReadonlyMap<string, ProviderKind>,
): void {
  const settings = loadSettings(file, { environment, kinds });
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  process.stdout.write(
    `${file} is sound: ${[
      count(settings.issuers.length, 'issuer'),
      count(settings.trustDomains.length, 'trust domain'),
      count(settings.providers.size, 'provider'),
      `${settings.catalog.size} in the catalog`,
      count(Object.keys(settings.hooks).length, 'hook'),
    ].join(', ')}\n`,
  );
}
