import { Secret } from '../kernel/secret.js';
import { testPolicy } from '../policy/policy-cases.js';
import { SettingsError } from '../settings/load.js';
import type { Settings } from '../settings/load.js';
import { isLoopback } from '../settings/unsafe.js';

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/**
 * `protem config check`: what sound settings hold; settings that are not sound have stopped the program before.
 * Throws SettingsError for a policy folder that the broker would not start with.
 */
export function describeConfig(file: string, settings: Settings): string {
  const { passed, failed } = testPolicy({
    directory: settings.policy.directory,
    catalog: settings.catalog,
    tools: settings.tools,
  });
  if (failed.length > 0)
    throw new SettingsError(
      file,
      failed.map((problem) => `policy: ${problem}`),
    );
  const holds = [
    count(settings.issuers.length, 'issuer'),
    count(settings.trustDomains.length, 'trust domain'),
    count(settings.providers.size, 'provider'),
    `${settings.catalog.size} in the catalog`,
    count(Object.keys(settings.hooks).length, 'hook'),
    `${passed} cases of policy`,
  ];
  const here = [...placesHere(settings)].map((path) => path.replace('.settings.', '.'));
  const only = here.length > 0 ? `on this machine, for every other a change: ${here.join(', ')}\n` : '';
  return `${file} is sound: ${holds.join(', ')}\n${only}`;
}

/** Where the settings name an address that only this machine has, by path; the addresses themselves may hold secrets. */
function* placesHere(part: unknown, path = ''): Generator<string> {
  if (typeof part === 'string') {
    if (URL.canParse(part) && isLoopback(new URL(part).hostname)) yield path;
  } else if (typeof part === 'object' && part !== null && !(part instanceof Secret)) {
    for (const [name, inner] of part instanceof Map ? (part as Map<string, unknown>) : Object.entries(part))
      yield* placesHere(inner, path === '' ? name : `${path}.${name}`);
  }
}
